import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../../dev/stack/eventually.ts';
import type { PluginServer } from '../../dev/stack/plugin-server.ts';
import { startPluginServer } from '../../dev/stack/start-plugin-server.ts';
import { REPOSITORY } from '../../dev/stack/start-stack.ts';

const CONNECTIONS = 50;
const TOO_LONG_A_FRAME = Buffer.alloc(4, 0xff);

let directory: string;
let server: PluginServer | undefined;
let clients: Socket[] = [];

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'dead-worker-'));
});
afterEach(async () => {
  for (const client of clients) client.destroy();
  clients = [];
  await server?.stop();
  rmSync(directory, { recursive: true });
});

it('takes the connections along that are on their way to it, so that Kong does not wait for answers', async () => {
  const socket = path.join(directory, 'plugins.sock');
  server = await startPluginServer('ours', {
    repository: REPOSITORY,
    socket,
    workers: 1,
    env: process.env,
  });
  const [worker = 0] = server.workerPids();
  // It takes nothing any more, as one that is busy in a plugin's code.
  process.kill(worker, 'SIGSTOP');
  let closed = 0;
  clients = Array.from({ length: CONNECTIONS }, () => connect(socket).resume());
  for (const client of clients) {
    client.once('close', () => closed++).on('error', () => {});
    // The worker that takes its place closes what reaches it on account of this.
    client.write(TOO_LONG_A_FRAME);
  }
  await Promise.all(clients.map((client) => once(client, 'connect')));
  process.kill(worker, 'SIGKILL');
  await eventually('all to be closed', () => closed === CONNECTIONS || undefined);
  expect(server.running()).toBe(true);
});
