import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway } from '../../../dev/gateway/start-gateway.ts';
import { BUNDLE } from '../../../scripts/build/build-program.ts';
import { pluginEntry } from './support/plugin-info.ts';
import { request, sendRaw } from './support/raw-request.ts';

const EMPTY = '_format_version: "3.0"';

describe('startGateway', () => {
  it.each(['0.0.0.0', '::', '10.0.0.1', 'example.com', ''])(
    'refuses to listen on %j',
    async (host) => {
      await expect(startGateway({ config: EMPTY, pluginServers: [], host })).rejects.toThrow(
        'listens on loopback only',
      );
    },
  );

  it('tells where it listens, and is gone after stop', async () => {
    const gateway = await startGateway({ config: EMPTY, pluginServers: [], host: 'localhost' });
    expect(gateway.url).toBe(`http://127.0.0.1:${gateway.port}`);
    expect((await sendRaw(gateway.port, request('GET /'))).status).toBe(404);
    await gateway.stop();
    await gateway.stop();
    await expect(sendRaw(gateway.port, request('GET /'))).rejects.toThrow('ECONNREFUSED');
  });

  it('does not speak a protocol that it does not know', async () => {
    const { queryCmd } = pluginEntry('/s');
    const command = `${queryCmd} | sed 's/^/{"Protocol":"Carrier:1","Plugins":/; s/$/}/'`;
    await expect(
      startGateway({
        config: EMPTY,
        pluginServers: [{ name: 'p', socket: '/s', queryCmd: command }],
      }),
    ).rejects.toThrow('unknown protocol implementation: Carrier:1');
  });
});

describe('the command line', () => {
  let directory: string;
  let main: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'gateway-main-'));
    main = join(directory, 'main.cjs');
    const source = new URL('../../../dev/gateway/main.ts', import.meta.url).pathname;
    // It is started often, and starts a lot sooner than by tsx.
    await build({ ...BUNDLE, entryPoints: [source], outfile: main });
    writeFileSync(join(directory, 'good.yml'), `${EMPTY}\nservices: []\n`);
    writeFileSync(join(directory, 'bad.yml'), `${EMPTY}\nservces: []\n`);
  });

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  /** Runs the command; `until` ends it once that has been printed. */
  function run(args: string[], until?: string): Promise<{ output: string; code: number | null }> {
    return new Promise((resolve) => {
      const child = spawn(process.execPath, [main, ...args]);
      let output = '';
      const collect = (chunk: Buffer) => {
        output += chunk.toString();
        if (until !== undefined && output.includes(until)) child.kill('SIGTERM');
      };
      child.stdout.on('data', collect);
      child.stderr.on('data', collect);
      child.on('close', (code) => resolve({ output, code }));
    });
  }

  it('says what it is, serves, and ends on a signal', async () => {
    const { output, code } = await run(
      [join(directory, 'good.yml'), '--port', '0'],
      'listening on',
    );
    expect(output).toContain('development and test');
    expect(output).toContain('refuses to listen beyond loopback');
    expect(output).toMatch(/listening on http:\/\/127\.0\.0\.1:\d+/);
    expect(code).toBe(0);
  });

  it('points at faults in the configuration', async () => {
    const { output, code } = await run([join(directory, 'bad.yml')]);
    expect(output).toContain("bad.yml:2:1: servces: unknown field (did you mean 'services'?)");
    expect(code).toBe(1);
  });

  it.each([
    [[], 2, 'Usage'],
    [['--help'], 0, 'Usage'],
    [['good.yml', '--port', 'x'], 1, '--port must be a number'],
    [['good.yml', '--host', '0.0.0.0'], 1, 'loopback only'],
    [['good.yml', '--plugin-server', 'name=x'], 1, '--plugin-server needs name='],
  ])('ends %j with %i', async (args, expected, message) => {
    const { output, code } = await run(
      args.map((arg) => arg.replace('good.yml', join(directory, 'good.yml'))),
    );
    expect(output).toContain(message);
    expect(code).toBe(expected);
  });
});
