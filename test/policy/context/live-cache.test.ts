import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readCacheCounters } from '../../../src/core/cache-counters.ts';
import { ContextError } from '../../../src/policy/context/context-error.ts';
import {
  createLiveCache,
  type LiveCache,
  type LiveCacheOptions,
} from '../../../src/policy/context/live-cache.ts';
import { type FrozenClock, frozenClock, recordingLogger, settle } from './support.ts';

const LIMITS = { cache_seconds: 60, max_stale_seconds: 300, timeout_ms: 2000 };

let name = 0;
let clock: FrozenClock;
let logger: ReturnType<typeof recordingLogger>;
let asked: string[];
let answer: (question: string, signal: AbortSignal) => Promise<string>;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  name += 1;
  clock = frozenClock();
  logger = recordingLogger();
  asked = [];
  answer = async (question) => `${question} ${asked.length}`;
});
afterEach(() => {
  vi.useRealTimers();
});

function create(
  changes: Partial<LiveCacheOptions<string, string>> = {},
): LiveCache<string, string> {
  return createLiveCache<string, string>({
    name: `live-cache-test-${name}`,
    what: 'answers',
    keyOf: (question) => question,
    describe: () => ({}),
    ask: (question, signal) => {
      asked.push(question);
      return answer(question, signal);
    },
    sizeOf: (value) => value.length,
    max_entries: 2000,
    clock,
    logger,
    random: () => 0,
    ...changes,
  });
}

const counted = () => readCacheCounters().get(`live-cache-test-${name}`);

function failing(reason: string, concerns: 'api' | 'question', retry_after_ms?: number) {
  return async () => {
    throw new ContextError(reason, concerns, { retry_after_ms });
  };
}

/** An answer that comes when it is told to. */
function heldBack() {
  const waiting: ((value: string) => void)[] = [];
  answer = () => new Promise((resolve) => waiting.push(resolve));
  return (value: string) => {
    for (const resolve of waiting.splice(0)) resolve(value);
  };
}

async function warm(cache: LiveCache<string, string>, question = 'a'): Promise<void> {
  await cache.get(question, LIMITS);
}

describe('an answer', () => {
  it('is waited for once, and then at hand without a promise', async () => {
    const cache = create();
    expect(await cache.get('a', LIMITS)).toEqual({ value: 'a 1' });
    expect(cache.get('a', LIMITS)).toEqual({ value: 'a 1' });
    expect(asked).toEqual(['a']);
    expect(counted()).toEqual({ hit: 1, miss: 1, stale: 0, failed: 0 });
  });

  it('is asked for once however many requests wait for it', async () => {
    const cache = create();
    const answers = Array.from({ length: 1000 }, () => cache.get('a', LIMITS));
    expect(await Promise.all(answers)).toEqual(answers.map(() => ({ value: 'a 1' })));
    expect(asked).toHaveLength(1);
  });

  it('is asked for once by each of 1,000 questions, 64 at a time', async () => {
    let [running, most] = [0, 0];
    answer = async (question) => {
      running += 1;
      most = Math.max(most, running);
      await settle();
      running -= 1;
      return question;
    };
    const cache = create();
    const questions = Array.from({ length: 1000 }, (_, index) => `member-${index}`);
    const answers = await Promise.all(
      questions.flatMap((question) => [cache.get(question, LIMITS), cache.get(question, LIMITS)]),
    );
    expect(answers.every((found) => 'value' in found)).toBe(true);
    expect(asked).toEqual(questions);
    expect(most).toBe(64);
  });

  it('is renewed in the background while it is in use, and served meanwhile', async () => {
    const cache = create();
    await warm(cache);
    clock.advance(41);
    expect(cache.get('a', LIMITS)).toEqual({ value: 'a 1' });
    expect(asked).toHaveLength(1);
    clock.advance(1);
    expect(cache.get('a', LIMITS)).toEqual({ value: 'a 1' });
    expect(cache.get('a', LIMITS)).toEqual({ value: 'a 1' });
    await settle();
    expect(cache.get('a', LIMITS)).toEqual({ value: 'a 2' });
    expect(asked).toHaveLength(2);
    expect(counted()).toMatchObject({ hit: 4, miss: 1 });
  });

  it('that nobody used meanwhile is waited for anew, and never served too old', async () => {
    const cache = create();
    await warm(cache);
    clock.advance(60);
    expect(await cache.get('a', LIMITS)).toEqual({ value: 'a 2' });
  });

  it('is as old as the question', async () => {
    const release = heldBack();
    const cache = create();
    const first = cache.get('a', LIMITS);
    clock.advance(59);
    release('first');
    expect(await first).toEqual({ value: 'first' });
    clock.advance(1);
    expect(cache.get('a', LIMITS)).toBeInstanceOf(Promise);
  });

  it('counts as old where the clock was set back', async () => {
    const cache = create();
    await warm(cache);
    clock.advance(-60);
    expect(await cache.get('a', LIMITS)).toEqual({ value: 'a 2' });
  });

  it('is as old as each config lets it be', async () => {
    const cache = create();
    await warm(cache);
    clock.advance(30);
    expect(cache.get('a', LIMITS)).toEqual({ value: 'a 1' });
    expect(await cache.get('a', { ...LIMITS, cache_seconds: 10 })).toEqual({ value: 'a 2' });
  });

  it('gives way to newer ones beyond the bound on entries', async () => {
    const cache = create({ max_entries: 2 });
    for (const question of ['a', 'b', 'c']) await warm(cache, question);
    expect(cache.get('c', LIMITS)).toEqual({ value: 'c 3' });
    expect(cache.get('a', LIMITS)).toBeInstanceOf(Promise);
  });
});

describe('an outage', () => {
  it('has the last answer served on within the bound, without waiting', async () => {
    const cache = create();
    await warm(cache);
    answer = failing('HTTP 503', 'api');
    clock.advance(60);
    expect(await cache.get('a', LIMITS)).toEqual({ value: 'a 1' });
    expect(cache.get('a', LIMITS)).toEqual({ value: 'a 1' });
    clock.advance(299);
    expect(cache.get('a', LIMITS)).toEqual({ value: 'a 1' });
    expect(counted()).toEqual({ hit: 0, miss: 1, stale: 3, failed: 0 });
  });

  it('makes it unavailable beyond the bound', async () => {
    const cache = create();
    await warm(cache);
    answer = failing('HTTP 503', 'api');
    clock.advance(360);
    expect(await cache.get('a', LIMITS)).toEqual({
      unavailable: 'answers: HTTP 503',
      retry_after_seconds: 1,
    });
    expect(counted()).toMatchObject({ stale: 0, failed: 1 });
  });

  it('makes it unavailable at once where nothing may be stale', async () => {
    const cache = create();
    await warm(cache);
    answer = failing('HTTP 503', 'api');
    clock.advance(60);
    const limits = { ...LIMITS, max_stale_seconds: 0 };
    expect(await cache.get('a', limits)).toHaveProperty('unavailable');
  });

  it('costs one request a second, and the others no wait', async () => {
    answer = failing('HTTP 500', 'api');
    const cache = create();
    await cache.get('a', LIMITS);
    expect(cache.get('a', LIMITS)).toMatchObject({ retry_after_seconds: 1 });
    expect(cache.get('b', LIMITS)).toMatchObject({ unavailable: 'answers: HTTP 500' });
    expect(asked).toEqual(['a']);
    clock.advance(1);
    const probe = cache.get('b', LIMITS);
    expect(cache.get('c', LIMITS)).toHaveProperty('unavailable');
    await probe;
    expect(asked).toEqual(['a', 'b']);
  });

  it('is over with the first answer, and the log tells begin and end once', async () => {
    answer = failing('HTTP 500', 'api');
    const cache = create();
    for (let second = 0; second < 30; second += 1) {
      await cache.get('a', LIMITS);
      clock.advance(1);
    }
    answer = async () => 'back';
    expect(await cache.get('a', LIMITS)).toEqual({ value: 'back' });
    expect(await cache.get('b', LIMITS)).toEqual({ value: 'back' });
    expect(logger.lines).toEqual([
      { level: 'warn', message: 'answers cannot be read', fields: { reason: 'HTTP 500' } },
      { level: 'info', message: 'answers can be read again', fields: {} },
    ]);
  });

  it('lasts as long as the API asks to be left alone', async () => {
    answer = failing('HTTP 429', 'api', 7000);
    const cache = create();
    expect(await cache.get('a', LIMITS)).toEqual({
      unavailable: 'answers: HTTP 429',
      retry_after_seconds: 7,
    });
    clock.advance(6);
    expect(cache.get('b', LIMITS)).toMatchObject({ retry_after_seconds: 1 });
    clock.advance(1);
    await cache.get('b', LIMITS);
    expect(asked).toEqual(['a', 'b']);
  });

  it('ends what waits for its turn', async () => {
    const rejects: (() => void)[] = [];
    answer = () =>
      new Promise((_, reject) => rejects.push(() => reject(new ContextError('down', 'api'))));
    const cache = create();
    const all = Array.from({ length: 100 }, (_, index) => cache.get(`${index}`, LIMITS));
    for (const reject of rejects) reject();
    for (const found of await Promise.all(all)) {
      expect(found).toMatchObject({ unavailable: 'answers: down' });
    }
    expect(asked).toHaveLength(64);
  });

  it('is any error that is not ours, whose message is not told', async () => {
    answer = async () => {
      throw new Error('alice@example.com');
    };
    const found = await create().get('a', LIMITS);
    expect(JSON.stringify([found, logger.lines])).not.toContain('alice');
    expect(found).toMatchObject({ unavailable: 'answers: it failed' });
  });

  it('survives a log that throws', async () => {
    answer = failing('HTTP 500', 'api');
    const broken = () => {
      throw new Error('no log');
    };
    const cache = create({ logger: { info: broken, warn: broken, error: broken } });
    expect(await cache.get('a', LIMITS)).toMatchObject({ unavailable: 'answers: HTTP 500' });
  });
});

describe('a question that is not answered', () => {
  beforeEach(() => {
    answer = async (question) => {
      if (question === 'denied') throw new ContextError('permission denied', 'question');
      return question;
    };
  });

  it('does not keep others from being answered', async () => {
    const cache = create();
    expect(await cache.get('denied', LIMITS)).toHaveProperty('unavailable');
    expect(await cache.get('a', LIMITS)).toEqual({ value: 'a' });
  });

  it('is asked again ever more seldom, ten seconds apart at most, and told of once', async () => {
    const cache = create();
    const times: number[] = [];
    const start = clock();
    for (let second = 0; second < 60; second += 1) {
      const before = asked.length;
      await cache.get('denied', LIMITS);
      await cache.get('a', LIMITS);
      if (asked.slice(before).includes('denied')) times.push((clock() - start) / 1000);
      clock.advance(1);
    }
    expect(times).toEqual([0, 1, 3, 7, 15, 25, 35, 45, 55]);
    expect(logger.lines).toEqual([
      { level: 'warn', message: 'answers cannot be read', fields: { reason: 'permission denied' } },
    ]);
  });

  it('tells how long to wait', async () => {
    const cache = create();
    await cache.get('denied', LIMITS);
    clock.advance(1);
    expect(await cache.get('denied', LIMITS)).toEqual({
      unavailable: 'answers: permission denied',
      retry_after_seconds: 2,
    });
  });

  it('is told of again after ten minutes', async () => {
    const cache = create();
    await cache.get('denied', LIMITS);
    clock.advance(600);
    await cache.get('denied', LIMITS);
    expect(logger.lines).toHaveLength(2);
  });
});

describe('waiting', () => {
  it('ends with the time of each request, and the answer still fills the cache', async () => {
    const release = heldBack();
    const cache = create();
    const hasty = cache.get('a', { ...LIMITS, timeout_ms: 100 });
    const patient = cache.get('a', LIMITS);
    await vi.advanceTimersByTimeAsync(100);
    expect(await hasty).toEqual({
      unavailable: 'answers: no answer within 100 ms',
      retry_after_seconds: 1,
    });
    release('late');
    expect(await patient).toEqual({ value: 'late' });
    expect(cache.get('a', LIMITS)).toEqual({ value: 'late' });
    expect(asked).toHaveLength(1);
  });

  it('ends with the last answer where there is one', async () => {
    const cache = create();
    await warm(cache);
    heldBack();
    clock.advance(60);
    const found = cache.get('a', LIMITS);
    await vi.advanceTimersByTimeAsync(2000);
    expect(await found).toEqual({ value: 'a 1' });
    expect(counted()).toMatchObject({ stale: 1 });
  });

  it('ends for good after ten seconds, and the signal says so', async () => {
    const signals: AbortSignal[] = [];
    answer = (_, signal) => {
      signals.push(signal);
      return new Promise(() => {});
    };
    const cache = create();
    const found = cache.get('a', { ...LIMITS, timeout_ms: 10_000 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await found).toHaveProperty('unavailable');
    await settle();
    expect(signals[0]?.aborted).toBe(true);
    expect(logger.lines).toMatchObject([{ fields: { reason: 'no answer within 10000 ms' } }]);
  });

  it('is not begun where too many others wait already', async () => {
    const release = heldBack();
    const cache = create();
    const all = Array.from({ length: 64 + 1024 }, (_, index) => cache.get(`${index}`, LIMITS));
    expect(cache.get('one more', LIMITS)).toEqual({
      unavailable: 'answers: too many requests wait for it',
      retry_after_seconds: 1,
    });
    while (asked.length < all.length) {
      release('x');
      await settle();
    }
    release('x');
    expect((await Promise.all(all)).every((found) => 'value' in found)).toBe(true);
  });
});
