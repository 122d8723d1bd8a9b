import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { DEFAULT_PORTS, findPorts, renderConfig } from '../../../dev/stack/ports.ts';

describe('findPorts', () => {
  it('gives each part a port of its own', async () => {
    const ports = Object.values(await findPorts(false));
    expect(new Set(ports).size).toBe(ports.length);
  });

  it('goes elsewhere where something listens on a default port already', async () => {
    const server = createServer();
    const taken = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(true));
      server.listen(DEFAULT_PORTS.google, '127.0.0.1', () => resolve(false));
    });
    const { google } = await findPorts(true);
    if (!taken) await new Promise((resolve) => server.close(resolve));
    expect(google).not.toBe(DEFAULT_PORTS.google);
  });
});

describe('renderConfig', () => {
  it('puts the ports in use in the place of the default ones and leaves all else alone', () => {
    const ports = { ...DEFAULT_PORTS, google: 5001 };
    const config = 'a: http://127.0.0.1:4001/x\nb: http://127.0.0.1:4000\nc: 127.0.0.1:40010';
    expect(renderConfig(config, ports)).toBe(
      'a: http://127.0.0.1:5001/x\nb: http://127.0.0.1:4000\nc: 127.0.0.1:40010',
    );
  });
});
