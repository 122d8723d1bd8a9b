import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  DEFAULT_PORTS,
  DEFAULT_PORTS_WITH_TLS,
  describeMoved,
  findPorts,
  renderConfig,
} from '../../../dev/stack/ports.ts';

describe('findPorts', () => {
  it('gives each part a port of its own', async () => {
    const ports = Object.values(await findPorts(false, DEFAULT_PORTS_WITH_TLS));
    expect(ports).toHaveLength(6);
    expect(new Set(ports).size).toBe(ports.length);
  });

  it('gives the gateway one for TLS only where that is wanted', async () => {
    expect(await findPorts(false)).not.toHaveProperty('gatewayTls');
    expect((await findPorts(false, DEFAULT_PORTS_WITH_TLS)).gatewayTls).toBeGreaterThan(0);
  });

  it('goes elsewhere where something listens on a default port already', async () => {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const { google } = await findPorts(true, { ...(await findPorts(false)), google: port });
    await once(server.close(), 'close');
    expect(google).not.toBe(port);
  });
});

describe('describeMoved', () => {
  it('says where the parts are that are not where kong.yml expects them', () => {
    expect(describeMoved({ ...DEFAULT_PORTS, gateway: 5001 })).toEqual([
      'port 8000 is taken: the gateway listens on 5001',
    ]);
    expect(describeMoved(DEFAULT_PORTS_WITH_TLS)).toEqual([]);
    expect(describeMoved({ ...DEFAULT_PORTS, gatewayTls: 5002 })).toEqual([
      'port 8443 is taken: the gateway, for TLS, listens on 5002',
    ]);
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

  it('leaves the port for TLS alone where nothing listens for it', () => {
    const config = 'a: https://127.0.0.1:8443';
    expect(renderConfig(config, DEFAULT_PORTS)).toBe(config);
    expect(renderConfig(config, { ...DEFAULT_PORTS, gatewayTls: 5002 })).toBe(
      'a: https://127.0.0.1:5002',
    );
  });
});
