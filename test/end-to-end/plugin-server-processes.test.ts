import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../dev/stack/eventually.ts';
import type { PluginServer } from '../../dev/stack/plugin-server.ts';
import { findPorts } from '../../dev/stack/ports.ts';
import { startOurPluginServer } from '../../dev/stack/start-our-plugin-server.ts';
import { REPOSITORY } from '../../dev/stack/start-stack.ts';
import { KongSide } from '../plugin-server/support/kong-side.ts';

const PROGRAM = path.join(REPOSITORY, 'dist/cloud-run-auth.cjs');
const WORKERS = 3;
/** Connections go round the workers, so these meet each of them. */
const ENOUGH = WORKERS * 2;

/** It says in which process and by which config it runs, and does what the config wants. */
const PLUGIN = `
exports.Version = '1.0.0';
exports.Priority = 5;
exports.Schema = [];
exports.Plugin = class {
  constructor(config) {
    if (config.fault === 'constructor') throw new Error('no');
    this.config = config;
  }
  async access(kong) {
    if (this.config.fault === 'slow') {
      console.error('begun');
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    kong.response.setHeader('x-ran', process.pid + ' ' + this.config.name);
  }
};
`;

let directory: string;
let socket: string;
let server: PluginServer | undefined;
let clients: KongSide[] = [];

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'processes-'));
  socket = path.join(directory, 'kong.sock');
});
afterEach(async () => {
  for (const client of clients) client.close();
  clients = [];
  await server?.stop();
  server = undefined;
  rmSync(directory, { recursive: true });
});

async function start(...extraArgs: string[]) {
  server = await startOurPluginServer({
    program: PROGRAM,
    socket,
    pluginsDirectory: folderWith('teller', PLUGIN),
    workers: WORKERS,
    extraArgs,
    workingDirectory: directory,
    env: process.env,
  });
  return server;
}

/** A plugins folder with one file. */
function folderWith(name: string, code: string): string {
  const folder = path.join(directory, `plugins-${name}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, `${name}.js`), code);
  return folder;
}

async function connect(): Promise<KongSide> {
  const client = await KongSide.connect(socket);
  clients.push(client);
  return client;
}

/** The slow plugin is at work. */
function begun() {
  return eventually('the event to begin', () => server?.lines().includes('begun') || undefined);
}

/** Runs an event on a new connection, and says which process ran it and by which config. */
async function run(id: number): Promise<{ pid: number; name: string } | string> {
  const kong = await connect();
  const { asked, ending } = await kong.event(id, 'access');
  if ('unknownMethod' in ending) return ending.unknownMethod;
  const [, pid, name] = /(\d+) ([\w-]+)/.exec(asked[0]?.args.toString() ?? '') ?? [];
  return { pid: Number(pid), name: name ?? '' };
}

async function runOnAll(id: number) {
  const runs = await Promise.all(Array.from({ length: ENOUGH }, () => run(id)));
  return {
    pids: new Set(runs.map((result) => (typeof result === 'string' ? result : result.pid))),
    names: new Set(runs.map((result) => (typeof result === 'string' ? result : result.name))),
  };
}

describe('worker processes', () => {
  it('all know an instance before Kong does', async () => {
    const { workerPids } = await start();
    const kong = await connect();
    for (const name of ['a', 'b', 'c']) {
      const id = await kong.start('teller', { name });
      const { pids, names } = await runOnAll(id);
      expect(pids).toEqual(new Set(workerPids()));
      expect(names).toEqual(new Set([name]));
    }
  });

  it('are replaced when they die, with the same socket and the same instances', async () => {
    const { workerPids, killWorker } = await start();
    const id = await (await connect()).start('teller', { name: 'kept' });
    const [killed] = workerPids();
    const { ino } = statSync(socket);
    await killWorker();
    await eventually('a new worker', () => (workerPids().length === WORKERS ? true : undefined));
    const { pids, names } = await runOnAll(id);
    expect(pids.size).toBe(WORKERS);
    expect(pids).not.toContain(killed);
    expect(names).toEqual(new Set(['kept']));
    expect(statSync(socket).ino).toBe(ino);
  });

  it('forget an instance that Kong closes', async () => {
    await start();
    const kong = await connect();
    const id = await kong.start('teller', { name: 'gone' });
    kong.call({ cmd_close_instance: { instance_id: id } });
    expect(await kong.returned()).toMatchObject({ instance_status: { name: 'teller' } });
    await eventually('all to have forgotten', async () => {
      const { names } = await runOnAll(id);
      return names.size === 1 && names.has(`no plugin instance #${id}`) ? true : undefined;
    });
  });

  it('keep equal configurations apart where one is closed', async () => {
    await start();
    const kong = await connect();
    const first = await kong.start('teller', { name: 'same', __seq__: 1 });
    const second = await kong.start('teller', { __seq__: 2, name: 'same' });
    expect(second).not.toBe(first);
    kong.call({ cmd_close_instance: { instance_id: first } });
    await kong.returned();
    expect((await runOnAll(second)).names).toEqual(new Set(['same']));
  });

  it('refuse a configuration that the plugin does not take, and one of no plugin', async () => {
    await start();
    await expect((await connect()).start('teller', { fault: 'constructor' })).rejects.toThrow(
      'closed',
    );
    await expect((await connect()).start('nobody', {})).rejects.toThrow('closed');
    const id = await (await connect()).start('teller', { name: 'well' });
    expect(await run(id)).toMatchObject({ name: 'well' });
  });
});

describe('after a restart', () => {
  it('no id of before is valid', async () => {
    const { restart } = await start();
    const kong = await connect();
    const before: number[] = [];
    for (const name of ['a', 'b', 'c']) before.push(await kong.start('teller', { name }));
    await restart();
    const again = await connect();
    const after: number[] = [];
    for (const name of ['x', 'y', 'z']) after.push(await again.start('teller', { name }));
    expect(after.filter((id) => before.includes(id))).toEqual([]);
    for (const id of before) expect(await run(id)).toBe(`no plugin instance #${id}`);
  });

  it('takes the place of a socket that a crash has left behind', async () => {
    const { kill } = await start();
    await kill();
    expect(existsSync(socket)).toBe(true);
    await start();
    expect(await (await connect()).start('teller', { name: 'new' })).toBeGreaterThan(0);
  });
});

describe('at the end', () => {
  it('a running event is finished, new ones are not begun, and the socket is removed', async () => {
    const { stop } = await start();
    const kong = await connect();
    const id = await kong.start('teller', { name: 'slow', fault: 'slow' });
    const idle = await connect();
    const running = kong.event(id, 'access');
    await begun();
    const stopped = stop();
    expect((await running).ending).toHaveProperty('returned');
    await stopped;
    await idle.closed();
    expect(existsSync(socket)).toBe(false);
    await expect(KongSide.connect(socket)).rejects.toThrow('ENOENT');
  });

  it('a running event ends with all that Kong replies to it', async () => {
    const { stop } = await start();
    const kong = await connect();
    const id = await kong.start('teller', { name: 'slow', fault: 'slow' });
    kong.call({ cmd_handle_event: { instance_id: id, event_name: 'access' } });
    await begun();
    const stopped = stop();
    const frames = [];
    for (let count = 0; count < 4; count += 1) frames.push(await kong.frame());
    // A method, its arguments, the end and the return have come, and Kong has not replied yet.
    expect(frames.map((frame) => frame === undefined)).toEqual([false, false, false, false]);
    expect(kong.isClosed).toBe(false);
    kong.send(new Uint8Array(0));
    await kong.closed();
    await stopped;
  });

  it('no worker outlives the primary process', async () => {
    const { kill, workerPids } = await start();
    const pids = [...workerPids()];
    await kill();
    await eventually('the workers to end', () =>
      pids.every((pid) => !existsSync(`/proc/${pid}`)) ? true : undefined,
    );
  });
});

function serve(...args: string[]) {
  return spawnSync(process.execPath, [PROGRAM, 'serve', ...args], {
    encoding: 'utf8',
    timeout: 15_000,
  });
}

describe('does not start', () => {
  it('where another server listens, which goes on', async () => {
    await start();
    const { status, stderr, stdout } = serve('--socket', socket, '--workers', '1');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('another server listens there');
    expect(await (await connect()).start('teller', { name: 'still' })).toBeGreaterThan(0);
  });

  it('where a plugin does not load, and says which', () => {
    const plugins = folderWith('faulty', 'throw new Error("cannot be loaded")');
    const { status, stderr } = serve('--socket', socket, '--plugins', plugins, '--workers', '1');
    expect(status).toBe(1);
    expect(stderr).toContain('faulty.js');
    expect(existsSync(socket)).toBe(false);
  });

  it('where a plugin ends its process', () => {
    const plugins = folderWith('ending', 'process.exit(0)');
    const { status, stderr } = serve('--socket', socket, '--plugins', plugins, '--workers', '2');
    expect(status).toBe(1);
    expect(stderr).toContain('a worker ended while it loaded the plugins');
  });
});

describe('the socket', () => {
  it.each([
    ["this user's alone", [], 0o600],
    ['shared as it is told to be', ['--socket-mode', '660'], 0o660],
  ])('is %s', async (_, args, mode) => {
    await start(...args);
    expect(statSync(socket).mode & 0o777).toBe(mode);
  });
});

describe('metrics and health', () => {
  it('tell of events in all workers', async () => {
    const { gateway: port } = await findPorts(false);
    await start('--metrics', `127.0.0.1:${port}`);
    const id = await (await connect()).start('teller', { name: 'counted' });
    await runOnAll(id);
    const ask = (what: string) => fetch(`http://127.0.0.1:${port}${what}`);
    expect((await ask('/healthz')).status).toBe(200);
    expect((await ask('/readyz')).status).toBe(200);
    const text = await (await ask('/metrics')).text();
    expect(text).toContain(
      `cloud_run_auth_events_total{plugin="teller",phase="access",outcome="continued"} ${ENOUGH}`,
    );
  });
});
