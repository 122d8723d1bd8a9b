import { describe, expect, it, vi } from 'vitest';
import { redisFields } from '../../../src/authorizer/redis/config.ts';
import type { ConnectRedis, RedisCommand } from '../../../src/authorizer/redis/connect-redis.ts';
import { RedisChannel } from '../../../src/authorizer/redis/redis-channel.ts';
import { RedisFailure } from '../../../src/authorizer/redis/redis-failure.ts';
import { toStreamFields } from '../../../src/authorizer/redis/stream-entry.ts';
import type { SharedEntry } from '../../../src/core/shared-state.ts';
import { createTestLogger } from './support/test-logger.ts';

const settings = redisFields.parse({ host: '127.0.0.1', max_stale_seconds: 60 });
const entry = (key: string): SharedEntry => ({ key, value: 'v', expires_at_ms: 1000 });

/** A channel on a stream that is a list, whose connections can be counted and refused. */
function createHarness() {
  const logger = createTestLogger();
  const stream: [string, string[]][] = [];
  const reasons: string[] = [];
  let now_ms = 0;
  const harness = {
    logger,
    reasons,
    isRefused: false,
    connects: 0,
    open: 0,
    add(id: string, added: SharedEntry) {
      stream.push([id, toStreamFields(added)]);
    },
    pass(time_ms: number) {
      now_ms += time_ms;
    },
  };

  /** Blocks for no longer than a turn of the event loop. */
  async function answer([name, ...args]: RedisCommand): Promise<unknown> {
    if (name === 'XREAD') await new Promise((resolve) => setImmediate(resolve));
    const place = String(args.at(-1));
    const after = stream.findIndex(([id]) => id === place) + 1;
    if (name === 'XREAD') return after < stream.length ? [['stream', stream.slice(after)]] : null;
    if (name === 'XRANGE') return stream.filter(([id]) => id === place);
    return name === 'TIME' ? ['0', '0'] : 0;
  }

  const connect: ConnectRedis = async (_, signal) => {
    harness.connects += 1;
    if (harness.isRefused) throw new RedisFailure('refused');
    let isOpen = true;
    harness.open += 1;
    const close = () => {
      if (isOpen) harness.open -= 1;
      isOpen = false;
    };
    signal.addEventListener('abort', close);
    return {
      isOpen: () => isOpen,
      async send(commands) {
        const answers = [];
        for (const command of commands) answers.push(await answer(command));
        if (!isOpen || harness.isRefused) throw new RedisFailure('lost');
        return answers;
      },
      close,
    };
  };

  const channel = new RedisChannel({
    settings,
    key: 'stream',
    connect,
    clock: () => 0,
    stopwatch: () => now_ms,
    random: () => 0,
    logger,
    fields: {},
    trouble: { failed: (reason) => reasons.push(reason), succeeded: () => {} },
  });
  return Object.assign(harness, { channel });
}

describe('a channel', () => {
  it('connects once for all its subscribers', async () => {
    const harness = createHarness();
    const { channel } = harness;
    const subscriptions = [channel.subscribe(() => {}), channel.subscribe(() => {})];
    await Promise.all(subscriptions.map((subscription) => subscription.current()));
    expect(harness.connects).toBe(1);
    channel.close();
  });

  it('gives its connection up when nobody has asked for ten minutes', async () => {
    const harness = createHarness();
    const heard: string[] = [];
    const subscription = harness.channel.subscribe(({ key }) => heard.push(key));
    harness.add('5-0', entry('a'));
    await subscription.current();
    expect(harness.open).toBe(1);
    harness.pass(599_000);
    await vi.waitUntil(() => subscription.isCurrent());
    harness.pass(600_000);
    await vi.waitUntil(() => harness.open === 0);
    harness.add('6-0', entry('b'));
    expect(subscription.isCurrent()).toBe(false);
    await subscription.current();
    expect(heard).toEqual(['a', 'b']);
    expect(harness.connects).toBe(2);
    harness.channel.close();
    await vi.waitUntil(() => harness.open === 0);
  });

  it('is current for exactly as long as revocations may be out of date', async () => {
    const harness = createHarness();
    const subscription = harness.channel.subscribe(() => {});
    await subscription.current();
    harness.isRefused = true;
    await vi.waitUntil(() => harness.open === 0);
    harness.pass(60_000);
    expect(subscription.isCurrent()).toBe(true);
    harness.pass(1);
    expect(subscription.isCurrent()).toBe(false);
    harness.channel.close();
  });

  it('tries less and less often to connect', async () => {
    vi.useFakeTimers();
    try {
      const harness = createHarness();
      harness.isRefused = true;
      harness.channel.subscribe(() => {});
      await vi.advanceTimersByTimeAsync(0);
      expect(harness.connects).toBe(2);
      await vi.advanceTimersByTimeAsync(20_000);
      expect(harness.connects).toBeGreaterThan(8);
      expect(harness.connects).toBeLessThan(16);
      harness.channel.close();
      await vi.advanceTimersByTimeAsync(20_000);
      expect(harness.connects).toBeLessThan(16);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('keeps no more waiting than may still wait', async () => {
    const harness = createHarness();
    harness.isRefused = true;
    const subscription = harness.channel.subscribe(() => {});
    let settled = 0;
    for (let index = 0; index < 10_500; index += 1) {
      void subscription.current().then(() => {
        settled += 1;
      });
    }
    harness.isRefused = false;
    await vi.waitUntil(() => settled > 0);
    expect(settled).toBe(10_000);
    harness.channel.close();
  });

  it('is neither current nor asks any more once it is closed', async () => {
    const harness = createHarness();
    const subscription = harness.channel.subscribe(() => {});
    await subscription.current();
    harness.channel.close();
    expect(subscription.isCurrent()).toBe(false);
    harness.channel.subscribe(() => {});
    await vi.waitUntil(() => harness.open === 0);
    expect(harness.connects).toBe(1);
    expect(harness.reasons).toEqual([]);
  });
});
