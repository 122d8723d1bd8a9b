import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { eventually } from '../../dev/stack/eventually.ts';
import type { PluginServer } from '../../dev/stack/plugin-server.ts';
import { startOurPluginServer } from '../../dev/stack/start-our-plugin-server.ts';
import { REPOSITORY } from '../../dev/stack/start-stack.ts';
import { BUNDLE } from '../../scripts/build/build-program.ts';
import { KongSide } from '../plugin-server/support/kong-side.ts';

const PROGRAM = path.join(REPOSITORY, 'dist/cloud-run-auth.cjs');
const WORKERS = 3;

/** Bundled by itself, as our plugins are. It does what its configuration says, and tells what came of it. */
const PLUGIN = `
import { hostSecret, hostSharedState } from './src/core/shared-state-host.ts';
import { SharedStateUnavailable } from './src/core/shared-state.ts';

const state = hostSharedState(Date.now);
const known = [];
const subscription = state.subscribe('revocations', ({ key }) => known.push(key));

const ACTS = {
  claim: ({ key }) => state.claim(key, 60_000),
  publish: async ({ key }) => {
    await state.publish('revocations', { key, value: '', expires_at_ms: Date.now() + 60_000 });
    return 'published';
  },
  known: () => ({ keys: known, isCurrent: subscription.isCurrent() }),
  secret: () => Buffer.from(hostSecret()).toString('hex'),
};

export const Version = '1.0.0';
export const Priority = 5;
export const Schema = [];
export class Plugin {
  constructor(config) {
    this.config = config;
  }
  async access(kong) {
    let result;
    try {
      result = await ACTS[this.config.act](this.config);
    } catch (error) {
      result = error instanceof SharedStateUnavailable ? 'unavailable' : error.name;
    }
    kong.response.setHeader('x-result', JSON.stringify({ pid: process.pid, result }));
  }
}
`;

let bundles: string;
let directory: string;
let server: PluginServer;
let clients: KongSide[] = [];

beforeAll(async () => {
  bundles = mkdtempSync(path.join(tmpdir(), 'shared-state-plugins-'));
  for (const name of ['sharer', 'other-sharer']) {
    await build({
      ...BUNDLE,
      stdin: { contents: PLUGIN, resolveDir: REPOSITORY },
      outfile: path.join(bundles, `${name}.js`),
    });
  }
});
afterAll(() => {
  rmSync(bundles, { recursive: true });
});

beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'shared-state-'));
  server = await startOurPluginServer({
    program: PROGRAM,
    socket: path.join(directory, 'kong.sock'),
    pluginsDirectory: bundles,
    workers: WORKERS,
    workingDirectory: directory,
    env: process.env,
  });
});
afterEach(async () => {
  for (const client of clients) client.close();
  clients = [];
  await server.stop();
  rmSync(directory, { recursive: true });
});

async function connect(): Promise<KongSide> {
  const client = await KongSide.connect(server.socket);
  clients.push(client);
  return client;
}

interface Act {
  act: 'claim' | 'publish' | 'known' | 'secret';
  key?: string;
}

async function actOn(kong: KongSide, act: Act, plugin = 'sharer') {
  return await run(kong, await kong.start(plugin, act));
}

async function run(kong: KongSide, instance: number): Promise<{ pid: number; result: unknown }> {
  const { asked } = await kong.event(instance, 'access');
  const [, json = ''] = /x-result.*?(\{.*\})/s.exec(asked[0]?.args.toString() ?? '') ?? [];
  return JSON.parse(json);
}

/** A connection to each worker. */
async function connectToAll(): Promise<[KongSide, KongSide, KongSide]> {
  const byPid = new Map<number, KongSide>();
  return await eventually('a connection to each worker', async () => {
    const kong = await connect();
    byPid.set((await actOn(kong, { act: 'secret' })).pid, kong);
    const [one, two, three] = server.workerPids().map((pid) => byPid.get(pid));
    return one && two && three && [one, two, three];
  });
}

it('a key that two workers claim is taken on one of them', async () => {
  const [one, two, three] = await connectToAll();
  const instance = await one.start('sharer', { act: 'claim', key: 'proof' });
  const claims = await Promise.all([run(one, instance), run(two, instance)]);
  expect(claims.map(({ result }) => result).sort()).toEqual([false, true]);
  expect((await run(three, instance)).result).toBe(false);
  expect((await actOn(three, { act: 'claim', key: 'proof' }, 'other-sharer')).result).toBe(false);
  expect((await actOn(three, { act: 'claim', key: 'another' })).result).toBe(true);
});

it('an entry is known on all workers, and to all plugins, once it is published', async () => {
  const all = await connectToAll();
  const [one] = all;
  const instances = await Promise.all([
    one.start('sharer', { act: 'known' }),
    all[1].start('other-sharer', { act: 'known' }),
  ]);
  expect((await actOn(one, { act: 'publish', key: 'token' })).result).toBe('published');
  for (const kong of all) {
    for (const instance of instances) {
      expect((await run(kong, instance)).result).toEqual({ keys: ['token'], isCurrent: true });
    }
  }
});

it('a worker that takes the place of one that died knows all entries, claims and the secret', async () => {
  const [one, two, three] = await connectToAll();
  const [killed] = server.workerPids();
  const secrets = await Promise.all(
    [one, two, three].map((kong) => actOn(kong, { act: 'secret' })),
  );
  const [secret] = secrets.map(({ result }) => result);
  expect(secret).toMatch(/^[0-9a-f]{64}$/);
  expect(new Set(secrets.map(({ result }) => result)).size).toBe(1);
  await actOn(one, { act: 'publish', key: 'token' });
  await actOn(one, { act: 'claim', key: 'proof' });
  await server.killWorker();
  await eventually('a new worker', () => server.workerPids().length === WORKERS || undefined);
  expect(server.workerPids()).not.toContain(killed);
  const [, , replaced] = await connectToAll();
  expect(await actOn(replaced, { act: 'known' })).toEqual({
    pid: server.workerPids()[2],
    result: { keys: ['token'], isCurrent: true },
  });
  expect((await actOn(replaced, { act: 'claim', key: 'proof' })).result).toBe(false);
  expect((await actOn(replaced, { act: 'secret' })).result).toBe(secret);
});

it('an entry that is published while a worker is replaced is known on it too', async () => {
  const [, two] = await connectToAll();
  const publishing = await two.start('sharer', { act: 'publish', key: 'token' });
  const [killed = 0] = server.workerPids();
  process.kill(killed, 'SIGKILL');
  expect((await run(two, publishing)).result).toBe('published');
  await eventually('a new worker', () => {
    const pids = server.workerPids();
    return (pids.length === WORKERS && !pids.includes(killed)) || undefined;
  });
  for (const kong of await connectToAll()) {
    expect((await actOn(kong, { act: 'known' })).result).toEqual({
      keys: ['token'],
      isCurrent: true,
    });
  }
});

it('nothing can be claimed or published while the primary process does not answer', async () => {
  const [one, two] = await connectToAll();
  const claiming = await one.start('sharer', { act: 'claim', key: 'proof' });
  const publishing = await one.start('sharer', { act: 'publish', key: 'token' });
  const { pid = 0 } = server;
  process.kill(pid, 'SIGSTOP');
  try {
    const results = await Promise.all([run(one, claiming), run(two, publishing)]);
    expect(results.map(({ result }) => result)).toEqual(['unavailable', 'unavailable']);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
});
