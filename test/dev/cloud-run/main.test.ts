import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { close, listen } from '../../../dev/google/listen.ts';

function start(args: string[]) {
  return spawn(process.execPath, ['--import', 'tsx', 'dev/cloud-run/main.ts', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, '127.0.0.1', 0);
  await close(server);
  return port;
}

describe('the command', () => {
  it('says what it is for, answers health on its own port only, and ends on SIGTERM', async () => {
    const healthPort = await freePort();
    const child = start(
      `--certs-url http://127.0.0.1:1/certs --health-port ${healthPort} --service a --port 0 --audience b`.split(
        ' ',
      ),
    );
    try {
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
      expect((await lines.next()).value).toContain('for development and test only');
      const url = /http:\S+/.exec(String((await lines.next()).value))?.[0] ?? '';
      await expect
        .poll(() =>
          fetch(`http://127.0.0.1:${healthPort}/healthz`).then(
            (r) => r.status,
            () => 0,
          ),
        )
        .toBe(200);
      expect((await fetch(`${url}/healthz`)).status).toBe(403);
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  }, 20_000);

  it('ends with 2 and the usage when a flag is missing', async () => {
    const child = start(['--service', 'a']);
    let output = '';
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    expect(await once(child, 'close')).toEqual([2, null]);
    expect(output).toContain('--certs-url URL is needed');
    expect(output).toContain('usage:');
  }, 20_000);
});
