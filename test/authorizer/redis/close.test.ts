import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeWithRedis, type RedisServer, startRedis } from './support/start-redis.ts';

const program = path.join(import.meta.dirname, 'support/subscribed-process.ts');

describeWithRedis('a process that uses Redis', () => {
  let redis: RedisServer;
  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(() => redis.stop());

  it('can exit once it has closed the state', async () => {
    expect(await exitOf(() => {})).toEqual({ code: 0, said: ['current', 'closed'] });
  });

  it('can exit also while Redis answers nothing', async () => {
    expect(await exitOf(() => redis.pause())).toEqual({ code: 0, said: ['current', 'closed'] });
  });

  it('can exit also while Redis is away', async () => {
    expect(await exitOf(() => redis.kill())).toEqual({ code: 0, said: ['current', 'closed'] });
  });

  async function exitOf(meanwhile: () => unknown) {
    const child = spawn(process.execPath, ['--import', 'tsx', program, String(redis.port)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdout.setEncoding('utf8');
    let said = '';
    for await (const text of child.stdout) {
      said += text;
      if (text.includes('current')) {
        await meanwhile();
        child.stdin.end();
      }
    }
    if (child.exitCode === null) await once(child, 'exit');
    return { code: child.exitCode, said: said.trim().split('\n') };
  }
});
