import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { REPOSITORY } from '../../dev/stack/start-stack.ts';

const GUARD = path.join(REPOSITORY, 'src/stock-plugin-server/guard.cjs');

/** Listens as the stock plugin server does, and is too busy now and then to notice what its peers do. */
const SERVER = `
  const busyFor = (ms) => { for (const end = Date.now() + ms; Date.now() < end;); };
  const server = require('node:net').createServer((client) => {
    client.on('data', () => { busyFor(200); client.write('answer'); });
  });
  server.listen(process.argv[1], () => {
    process.stdout.write('listening');
    if (process.argv[2] === 'busy') busyFor(1500);
  });
`;

let directory: string;
let server: ChildProcess;
const sockets: Socket[] = [];

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'guard-'));
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  if (server.exitCode === null && server.signalCode === null) {
    const exited = once(server, 'exit');
    server.kill('SIGKILL');
    await exited;
  }
  rmSync(directory, { recursive: true });
});

async function start(guarded: boolean, mode: 'busy' | 'free'): Promise<string> {
  const socket = path.join(directory, 's.sock');
  const preload = guarded ? ['--require', GUARD] : [];
  server = spawn(process.execPath, [...preload, '-e', SERVER, socket, mode], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (server.stdout) await once(server.stdout, 'data');
  return socket;
}

function tryConnect(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    sockets.push(connection);
    connection.once('connect', () => resolve(true));
    connection.once('error', () => resolve(false));
  });
}

/** Linux caps a backlog at this; other systems have caps of their own. */
const SOMAXCONN = '/proc/sys/net/core/somaxconn';
const cap = existsSync(SOMAXCONN) ? Number(readFileSync(SOMAXCONN, 'utf8')) : 0;
const BURST = 700;
if (cap < BURST) console.info(`skipped: bursts of connections: ${SOMAXCONN} is below ${BURST}`);

it.skipIf(cap < BURST).each([
  ['loses connections without the guard', false],
  ['loses none with it', true],
])('a burst of connections %s', async (_, guarded) => {
  const socket = await start(guarded, 'busy');
  const connected = await Promise.all(Array.from({ length: BURST }, () => tryConnect(socket)));
  expect(connected.every(Boolean)).toBe(guarded);
});

it.each([
  ['ends the server without the guard', false],
  ['does not end it with the guard', true],
])('a peer that dies while an answer is on its way %s', async (_, guarded) => {
  const socket = await start(guarded, 'free');
  const ended = once(server, 'exit').then(() => 'ended');
  const peer = connect(socket);
  await once(peer, 'connect');
  peer.write('x', () => peer.destroy());
  await once(peer, 'close');
  const another = connect(socket);
  sockets.push(another);
  another.on('error', () => {});
  another.write('x');
  const answered = once(another, 'data').then(
    () => 'answered',
    () => ended,
  );
  expect(await Promise.race([ended, answered])).toBe(guarded ? 'answered' : 'ended');
});
