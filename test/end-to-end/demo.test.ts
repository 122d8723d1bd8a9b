import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { eventually } from '../../dev/stack/eventually.ts';
import { DEFAULT_PORTS } from '../../dev/stack/ports.ts';
import { REPOSITORY } from '../../dev/stack/start-stack.ts';
import { send } from '../../dev/story/send.ts';

const NEEDED = ['dev', 'src', 'dist', 'kong.yml', 'policy.yaml', 'package.json', 'tsconfig.json'];

/** The folder that tsx keeps compiled files in, for its next run. */
const COMPILED = `tsx-${process.getuid?.()}`;

let directory: string;
let repository: string;
let temporary: string;
let demo: ChildProcess | undefined;
let output = '';
let errors = '';

/** A checkout in a place whose name has a space and a quote in it. */
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), "bob's demo-"));
  repository = path.join(directory, 'checkout');
  temporary = path.join(directory, 'tmp');
  mkdirSync(repository);
  mkdirSync(temporary);
  for (const name of NEEDED) {
    cpSync(path.join(REPOSITORY, name), path.join(repository, name), { recursive: true });
  }
  symlinkSync(path.join(REPOSITORY, 'node_modules'), path.join(repository, 'node_modules'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

afterEach(async () => {
  if (demo === undefined || demo.exitCode !== null || demo.signalCode !== null) return;
  const closed = once(demo, 'close');
  signalAll('SIGKILL');
  await closed;
});

/** In a process group of its own, as a terminal starts it. */
function startDemo(...args: string[]): ChildProcess {
  const { KONG_BIN: _, ...env } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', 'dev/demo.ts', ...args], {
    cwd: repository,
    env: { ...env, TMPDIR: temporary, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  output = '';
  errors = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  demo = child;
  return child;
}

function signalAll(signal: NodeJS.Signals | 0): void {
  if (demo?.pid !== undefined) process.kill(-demo.pid, signal);
}

async function printed(words: string): Promise<void> {
  await eventually(
    words,
    () => {
      if (output.includes(words)) return true;
      if (demo?.exitCode !== null) throw new Error(`the demo ended:\n${output}\n${errors}`);
      return undefined;
    },
    30_000,
  );
}

async function expectNothingLeft(): Promise<void> {
  expect(readdirSync(temporary).filter((name) => name !== COMPILED)).toEqual([]);
  // An orphan's process counts until init has taken note of its end.
  await eventually('all processes to be gone', () => isGroupGone() || undefined);
}

function isGroupGone(): boolean {
  try {
    signalAll(0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}

/** Whatever listens on the gateway's default port, this does or something else. */
async function takeGatewayPort(): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.once('error', () => resolve());
    server.listen(DEFAULT_PORTS.gateway, '127.0.0.1', resolve);
  });
  return server;
}

it('tells its story and stays up with --keep, with requests to paste, until it is told to end', async () => {
  const taken = await takeGatewayPort();
  const child = startDemo('--keep');
  try {
    await printed('/handbook\n');
  } finally {
    taken.close();
  }
  expect(output).toMatch(/port 8000 is taken: the gateway listens on \d+/);
  expect(output).toContain('plugin server (cloud-run-auth serve)');
  expect(output).toContain('gateway (stand-in for Kong)');
  expect(output).toContain(' 0 not.');
  const [, bob] = /^BOB=(\S+)$/m.exec(output) ?? [];
  const [, url = ''] = /^curl -i (http:\S+)\/staging/m.exec(output) ?? [];
  const asked = { path: '/staging/tasks/7' };
  expect(await send(url, asked)).toMatchObject({ status: 401, code: 'missing_token' });
  const headers = { Authorization: `Bearer ${bob}` };
  expect(await send(url, { ...asked, headers })).toMatchObject({ status: 200 });
  child.kill('SIGTERM');
  expect(await once(child, 'close')).toEqual([0, null]);
  await expectNothingLeft();
}, 60_000);

it.each([
  ['Ctrl-C while it starts', 'SIGINT', 'identity provider', 130],
  ['Ctrl-C during the story', 'SIGINT', '✓  3.', 130],
  ['the end of its terminal', 'SIGHUP', '✓  1.', 129],
] as const)(
  'leaves nothing behind on %s',
  async (_, signal, when, exitCode) => {
    const child = startDemo();
    await printed(when);
    signalAll(signal);
    expect(await once(child, 'close')).toEqual([exitCode, null]);
    expect(errors).toBe('');
    await expectNothingLeft();
  },
  60_000,
);

it.each([
  ['an option that there is not', ['--kep'], "Unknown option '--kep'"],
  [
    'a plugin server that there is not',
    ['--plugin-server', 'go'],
    '--plugin-server is ours or stock',
  ],
])('answers %s with its usage', async (_, args, words) => {
  expect(await once(startDemo(...args), 'close')).toEqual([2, null]);
  expect(errors).toContain(words);
  expect(errors).toContain('usage: npm run demo');
  expect(errors).not.toMatch(/^ +at /m);
});

it('says where kong.yml is wrong, and leaves nothing behind', async () => {
  const file = path.join(repository, 'kong.yml');
  appendFileSync(file, '\nplugins:\n  - name: policy-evaluater\n');
  expect(await once(startDemo(), 'close')).toEqual([1, null]);
  cpSync(path.join(REPOSITORY, 'kong.yml'), file);
  expect(errors).toMatch(/^kong\.yml:\d+:\d+: .*policy-evaluater/m);
  expect(errors).not.toMatch(/^ +at /m);
  await expectNothingLeft();
});

it('says where policy.yaml is wrong before it starts anything', async () => {
  writeFileSync(path.join(repository, 'policy.yaml'), 'version: 1\nrulse: []\n');
  expect(await once(startDemo(), 'close')).toEqual([1, null]);
  expect(errors).toMatch(/^policy\.yaml:\d+:\d+: /m);
  expect(errors).not.toMatch(/^ +at /m);
  expect(output).toBe('');
  await expectNothingLeft();
});
