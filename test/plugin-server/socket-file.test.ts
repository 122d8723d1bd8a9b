import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { claimSocketPath } from '../../src/plugin-server/socket-file.ts';

let directory: string;
let socket: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'socket-'));
  socket = path.join(directory, 'kong.sock');
});
afterEach(() => rmSync(directory, { recursive: true }));

it('removes the socket of a server that has crashed', async () => {
  const crash = `require('net').createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', crash]);
  expect(existsSync(socket)).toBe(true);
  await claimSocketPath(socket);
  expect(existsSync(socket)).toBe(false);
});

it('leaves the socket of a server that runs alone, and says so', async () => {
  const server = createServer((peer) => peer.destroy()).listen(socket);
  await once(server, 'listening');
  await expect(claimSocketPath(socket)).rejects.toThrow('another server listens there');
  expect(existsSync(socket)).toBe(true);
  server.close();
  await once(server, 'close');
});

it('leaves a file that is no socket alone, and says so', async () => {
  writeFileSync(socket, 'precious');
  await expect(claimSocketPath(socket)).rejects.toThrow('no socket');
  expect(existsSync(socket)).toBe(true);
});

it('refuses a path that the kernel would cut off', async () => {
  await expect(claimSocketPath(`/tmp/${'x'.repeat(110)}`)).rejects.toThrow('107 bytes');
});

it('has nothing to do where nothing is', async () => {
  await claimSocketPath(socket);
});
