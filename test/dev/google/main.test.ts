import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let directory: string;
let child: ChildProcess | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'google-'));
});
afterEach(async () => {
  if (child !== undefined && child.exitCode === null) {
    child.kill();
    await once(child, 'exit');
  }
  await rm(directory, { recursive: true });
});

function start(...args: string[]): ChildProcess {
  child = spawn(process.execPath, ['--import', 'tsx', 'dev/google/main.ts', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return child;
}

describe('the command', () => {
  it('says what it is for, writes a key file that only the owner reads, and ends on SIGTERM', async () => {
    const keyFile = join(directory, 'keys', 'key.json');
    const running = start(
      '--port',
      '0',
      '--service-account',
      'a@b.example=c@d.example',
      '--write-key',
      keyFile,
    );
    if (running.stdout === null) throw new Error('no output');
    const lines = createInterface(running.stdout)[Symbol.asyncIterator]();
    const banner = String((await lines.next()).value);
    expect(banner).toContain('for development and test only');
    const url = /http:\S+?(?=,)/.exec(banner)?.[0] ?? '';
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const key: unknown = JSON.parse(await readFile(keyFile, 'utf8'));
    expect(key).toMatchObject({ client_email: 'a@b.example', token_uri: `${url}/token` });
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    running.kill('SIGTERM');
    expect(await once(running, 'exit')).toEqual([0, null]);
  }, 20_000);
});
