import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ServerProcess } from '../../../dev/stack/server-process.ts';

let directory: string;
let server: ServerProcess | undefined;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'server-process-'));
});
afterEach(async () => {
  await server?.end('SIGKILL');
  rmSync(directory, { recursive: true });
});

function run(code: string): ServerProcess {
  const socket = path.join(directory, 'a.sock');
  server = new ServerProcess({
    args: ['-e', code, socket],
    socket,
    workingDirectory: directory,
    env: process.env,
  });
  return server;
}

it('has started once its socket accepts, and keeps what it writes', async () => {
  const listening = run(`
    console.log('to standard output');
    console.error('to standard error');
    require('node:net').createServer((client) => client.end()).listen(process.argv[1]);
  `);
  await listening.start();
  expect(listening.isRunning).toBe(true);
  await new Promise((resolve, reject) => {
    connect(path.join(directory, 'a.sock')).once('connect', resolve).once('error', reject).resume();
  });
  await listening.end('SIGTERM');
  expect(listening.isRunning).toBe(false);
  expect(listening.lines.toSorted()).toEqual(['to standard error', 'to standard output']);
});

it('says how a process ended that does not come to listen, and what it wrote', async () => {
  const failing = run(`console.error('no such luck'); process.exitCode = 3;`);
  await expect(failing.start()).rejects.toThrow(
    'the plugin server ended (exit code 3):\nno such luck',
  );
});

it('waits at its end for processes that it has left behind', async () => {
  const file = path.join(directory, 'done');
  const parent = run(`
    require('node:child_process').spawn(process.execPath,
      ['-e', 'setTimeout(() => require("node:fs").writeFileSync(process.argv[1], ""), 300)', ${JSON.stringify(file)}],
      { stdio: ['ignore', 'inherit', 'inherit'] });
    require('node:net').createServer().listen(process.argv[1]);
  `);
  await parent.start();
  await parent.end('SIGKILL');
  expect(existsSync(file)).toBe(true);
});
