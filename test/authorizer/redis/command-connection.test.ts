import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCommandConnection } from '../../../src/authorizer/redis/command-connection.ts';
import { redisFields } from '../../../src/authorizer/redis/config.ts';
import type { ConnectRedis, RedisConnection } from '../../../src/authorizer/redis/connect-redis.ts';
import { RedisFailure } from '../../../src/authorizer/redis/redis-failure.ts';

const settings = redisFields.parse({ host: '127.0.0.1' });

class FakeConnection implements RedisConnection {
  isLost = false;
  isClosed = false;
  answer: () => Promise<unknown[]> = async () => ['OK'];
  isOpen = () => !this.isLost && !this.isClosed;
  send = () => this.answer();
  close = () => {
    this.isClosed = true;
  };
}

function createHarness() {
  const made: FakeConnection[] = [];
  let now_ms = 0;
  const harness = {
    made,
    attempts: 0,
    isRefused: false,
    pass(time_ms: number) {
      now_ms += time_ms;
    },
  };
  const connect: ConnectRedis = async (_, signal) => {
    harness.attempts += 1;
    if (harness.isRefused) throw new RedisFailure('refused');
    const connection = new FakeConnection();
    signal.addEventListener('abort', connection.close);
    made.push(connection);
    return connection;
  };
  const commands = createCommandConnection({
    settings,
    connect,
    random: () => 0,
    stopwatch: () => now_ms,
  });
  return { ...commands, harness, ping: () => commands.send([['PING']]) };
}

describe('the connection for commands', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is made once for all commands', async () => {
    const { ping, harness } = createHarness();
    expect(harness.attempts).toBe(0);
    expect(await Promise.all([ping(), ping()])).toEqual([['OK'], ['OK']]);
    await ping();
    expect(harness.attempts).toBe(1);
  });

  it('is made again for the next command after it was lost', async () => {
    const { ping, harness } = createHarness();
    await ping();
    for (const connection of harness.made) connection.isLost = true;
    expect(await ping()).toEqual(['OK']);
    expect(harness.attempts).toBe(2);
  });

  it('is tried again at once, and then ever more seldom, and commands fail meanwhile', async () => {
    const { ping, harness } = createHarness();
    harness.isRefused = true;
    const attempts: number[] = [];
    for (let turn = 0; turn < 200; turn += 1) {
      await expect(ping()).rejects.toThrow('refused');
      attempts.push(harness.attempts);
      harness.pass(50);
    }
    expect(attempts.slice(0, 8)).toEqual([1, 2, 2, 3, 3, 3, 3, 4]);
    expect(harness.attempts).toBeLessThan(12);
    harness.isRefused = false;
    harness.pass(2000);
    expect(await ping()).toEqual(['OK']);
  });

  it('is given up where an answer did not come, after all others have had their time', async () => {
    const { ping, harness } = createHarness();
    await ping();
    const [stuck] = harness.made;
    if (stuck === undefined) throw new Error('none was made');
    stuck.answer = () => Promise.reject(new RedisFailure('no answer within 500 ms'));
    const failed = await Promise.allSettled([ping(), ping(), ping()]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(stuck.isClosed).toBe(false);
    expect(await ping()).toEqual(['OK']);
    expect(harness.attempts).toBe(2);
    vi.advanceTimersByTime(500);
    expect(stuck.isClosed).toBe(true);
  });

  it('is given up on a server that has become read-only, and kept at any other answer', async () => {
    const { ping, harness } = createHarness();
    await ping();
    const fail = (answered: string) => {
      for (const connection of harness.made) {
        connection.answer = () => Promise.reject(new RedisFailure('answered', answered));
      }
    };
    fail('NOPERM');
    await expect(ping()).rejects.toThrow('answered');
    await expect(ping()).rejects.toThrow('answered');
    expect(harness.attempts).toBe(1);
    fail('READONLY');
    await expect(ping()).rejects.toThrow('answered');
    await ping();
    expect(harness.attempts).toBe(2);
  });

  it('is closed when it was not used for ten minutes, and made again afterwards', async () => {
    const { ping, harness } = createHarness();
    await ping();
    const pass = (time_ms: number) => {
      harness.pass(time_ms);
      vi.advanceTimersByTime(time_ms);
    };
    pass(400_000);
    await ping();
    pass(400_000);
    expect(harness.made[0]?.isClosed).toBe(false);
    pass(200_000);
    expect(harness.made[0]?.isClosed).toBe(true);
    await ping();
    expect(harness.attempts).toBe(2);
  });

  it('is not made any more once it is closed', async () => {
    const { ping, close, harness } = createHarness();
    await ping();
    close();
    expect(harness.made[0]?.isClosed).toBe(true);
    await expect(ping()).rejects.toThrow('the connection was closed');
    expect(harness.attempts).toBe(1);
  });
});
