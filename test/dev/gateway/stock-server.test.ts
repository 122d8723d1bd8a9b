import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accepts } from '../../../dev/stack/accepts.ts';
import { eventually } from '../../../dev/stack/eventually.ts';
import { request, sendRaw } from './support/raw-request.ts';
import { start, type TestGateway } from './support/start.ts';
import { startUpstream, type Upstream, valuesOf } from './support/upstream.ts';
import { waitFor } from './support/wait-for.ts';

const PLUGIN = `
class Tiny {
  constructor(config) { this.config = config }
  async access(kong) {
    if (await kong.request.getHeader('x-throw')) throw new Error('boom')
    const user = await kong.request.getHeader('x-user')
    if (!user) {
      await kong.response.exit(401, JSON.stringify({ who: this.config.question }), { 'content-type': 'application/json' })
      return
    }
    await kong.service.request.setHeader('x-greeting', this.config.greeting + ' ' + user)
    await kong.ctx.shared.set('user', user)
  }
  async log(kong) {
    await kong.log.notice('served ', await kong.ctx.shared.get('user'), ' with ', await kong.response.getStatus())
  }
}
module.exports = {
  Plugin: Tiny,
  Name: 'tiny',
  Version: '1.0.0',
  Priority: 100,
  Schema: [{ greeting: { type: 'string', default: 'hello' } }, { question: { type: 'string', required: true } }],
}
`;

const BIN = new URL('../../../node_modules/.bin/kong-js-pluginserver', import.meta.url).pathname;

describe('with the stock kong-js-pluginserver', () => {
  let directory: string;
  let child: ChildProcess;
  let upstream: Upstream;
  let gateway: TestGateway;

  const socket = () => join(directory, 'tiny.sock');

  async function startServer() {
    rmSync(socket(), { force: true });
    child = spawn(
      BIN,
      ['-d', join(directory, 'plugins'), '-p', directory, '--sock-name', 'tiny.sock'],
      {
        env: { ...process.env, TS_NODE_SKIP_PROJECT: 'true' },
        stdio: 'ignore',
      },
    );
    // Its socket is there a moment before it listens.
    await eventually(
      'the plugin server',
      async () => (await accepts({ path: socket() })) || undefined,
    );
  }

  async function stopServer() {
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await closed;
  }

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'stock-server-'));
    const plugins = join(directory, 'plugins');
    await import('node:fs/promises').then(({ mkdir }) => mkdir(plugins));
    writeFileSync(join(plugins, 'tiny.js'), PLUGIN);
    await startServer();
    upstream = await startUpstream();
    gateway = await start({
      config: `
_format_version: "3.0"
services:
- name: up
  url: http://127.0.0.1:${upstream.port}
  routes:
  - {paths: [/a], plugins: [{name: tiny, config: {question: who a}}]}
  - {paths: [/b], plugins: [{name: tiny, config: {question: who b, greeting: bye}}]}
`,
      pluginServers: [
        {
          name: 'tiny',
          socket: socket(),
          queryCmd: `TS_NODE_SKIP_PROJECT=true ${BIN} -d ${plugins} --dump-all-plugins`,
        },
      ],
    });
  }, 20_000);

  afterAll(async () => {
    await gateway.stop();
    await stopServer();
    await upstream.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const get = (path: string, ...headers: [string, string][]) =>
    sendRaw(gateway.port, request(`GET ${path}`, headers));

  it('runs a plugin: exits, headers for the upstream, the log phase', async () => {
    const refused = await get('/a');
    expect([refused.status, refused.json()]).toEqual([401, { who: 'who a' }]);
    expect((await get('/a', ['X-User', 'alice'])).status).toBe(200);
    expect(valuesOf(upstream.seen.at(-1), 'x-greeting')).toEqual(['hello alice']);
    await waitFor(
      () => gateway.lines.includes('[notice] [tiny] served alice with 200'),
      'the line of the log phase',
    );
  });

  it('serves many requests at once, each with its own config', async () => {
    const users = Array.from({ length: 60 }, (_, index) => `u${index}`);
    const before = upstream.seen.length;
    await Promise.all(users.map((user, index) => get(index % 2 ? '/a' : '/b', ['X-User', user])));
    const greetings = upstream.seen.slice(before).flatMap((seen) => valuesOf(seen, 'x-greeting'));
    const wanted = users.map((user, index) => `${index % 2 ? 'hello' : 'bye'} ${user}`);
    expect(greetings.sort()).toEqual(wanted.sort());
  });

  it('lets a request through when access() throws', async () => {
    const before = upstream.seen.length;
    expect((await get('/a', ['X-Throw', '1'])).status).toBe(200);
    expect(upstream.seen).toHaveLength(before + 1);
  });

  it('lets requests through while the server is dead, and starts its instances again after it', async () => {
    await stopServer();
    expect((await get('/a')).status).toBe(200);
    await startServer();
    // The server does not know the id that the gateway kept: both instances are started anew.
    expect((await get('/b')).json()).toEqual({ who: 'who b' });
    expect((await get('/a')).json()).toEqual({ who: 'who a' });
  });
});
