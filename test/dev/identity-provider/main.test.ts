import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clockEnvironment, createClock } from '../../../dev/clock/clock.ts';
import { getToken } from '../../../dev/identity-provider/get-token.ts';

const MAIN = fileURLToPath(new URL('../../../dev/identity-provider/main.ts', import.meta.url));

let folder: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dev-clock-'));
});

afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function start(flags: string[], environment: NodeJS.ProcessEnv = {}) {
  const started = spawn(process.execPath, ['--import', 'tsx', MAIN, ...flags], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child = started;
  return { started, exit: once(started, 'close'), errors: text(started.stderr) };
}

async function readBanner(started: { stdout: NodeJS.ReadableStream }): Promise<string> {
  let banner = '';
  for await (const chunk of started.stdout) {
    banner += chunk;
    if (banner.includes('resources')) {
      break;
    }
  }
  return banner;
}

describe('the command', () => {
  it('says that it is for development, follows the shared clock and stops on SIGTERM', async () => {
    const clock = createClock(join(folder, 'clock'));
    clock.set('2026-11-21T10:00:00+01:00');
    const { started, exit, errors } = start([], clockEnvironment(clock.file));

    const banner = await readBanner(started);
    expect(banner).toContain('for development and test only');
    const issuer = /issuer +(\S+)/.exec(banner)?.[1] ?? '';
    expect(banner).toContain(`${issuer}/health`);

    const saturday = decodeJwt(await getToken(issuer, { user: 'alice' }));
    expect(new Date(Number(saturday.iat) * 1000).getUTCDay()).toBe(6);
    clock.set('2026-11-18T10:00:00+01:00');
    const wednesday = decodeJwt(await getToken(issuer, { user: 'alice' }));
    expect(new Date(Number(wednesday.iat) * 1000).getUTCDay()).toBe(3);

    started.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
    expect(await errors).toBe('');
  }, 20_000);

  it('explains what is wrong with a flag', async () => {
    const { exit, errors } = start(['--port', 'http']);
    expect(await exit).toEqual([1, null]);
    expect(await errors).toContain('--port must be from 0 to 65535');
    expect(await errors).toContain('usage:');
  }, 20_000);
});
