import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Malfunction } from '../../src/core/malfunction.ts';
import { type SharedEntry, SharedStateUnavailable } from '../../src/core/shared-state.ts';
import { PrimaryState } from '../../src/plugin-server/shared-state/primary-state.ts';
import { FakeWorker } from './support/fake-worker.ts';

const START = Date.UTC(2026, 10, 20, 12);
const MINUTE = 60_000;
const PATIENCE_MS = 2_000;

const clock = () => START;

let workers: Set<FakeWorker>;
let primary: PrimaryState;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  startPrimary();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

function startPrimary(most: { claims?: number; entries?: number } = {}): void {
  workers = new Set();
  primary = new PrimaryState(workers, { clock, most });
}

function fork(): FakeWorker {
  const worker = new FakeWorker(primary, clock);
  workers.add(worker);
  return worker;
}

/** Workers that have caught up. */
async function start(): Promise<[FakeWorker, FakeWorker, FakeWorker]> {
  const started: [FakeWorker, FakeWorker, FakeWorker] = [fork(), fork(), fork()];
  for (const worker of started) worker.load();
  await turn();
  return started;
}

/** All messages that are under way have come. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function entry(key: string): SharedEntry {
  return { key, value: 'v', expires_at_ms: START + MINUTE };
}

/** The keys that a worker has heard of by its own subscription. */
function keysOf(worker: FakeWorker): string[] {
  const keys: string[] = [];
  worker.state.subscribe('c', ({ key }) => keys.push(key));
  return keys;
}

/** How a promise stands: what it came to, or that it is open. */
function standing(promise: Promise<unknown>): () => unknown {
  let outcome: unknown = 'open';
  promise.then(
    (value) => {
      outcome = value;
    },
    (error) => {
      outcome = error;
    },
  );
  return () => outcome;
}

describe('a claim', () => {
  it('is the first on one worker alone', async () => {
    const [one, two] = await start();
    const outcomes = await Promise.all([
      one.state.claim('a', MINUTE),
      two.state.claim('a', MINUTE),
      two.state.claim('b', MINUTE),
    ]);
    expect(outcomes).toEqual([true, false, true]);
    expect(await one.state.claim('b', MINUTE)).toBe(false);
  });

  it('travels with the others of its turn', async () => {
    const [one] = await start();
    const keys = ['a', 'b', 'a'];
    expect(await Promise.all(keys.map((key) => one.state.claim(key, MINUTE)))).toEqual([
      true,
      true,
      false,
    ]);
    await one.state.claim('c', MINUTE);
    expect(one.sent.map((message) => message.type === 'claim' && message.claims.length)).toEqual([
      3, 1,
    ]);
  });

  it('cannot be known where the primary process has no room, and others of its turn can', async () => {
    startPrimary({ claims: 1 });
    const [one] = await start();
    const outcomes = await Promise.allSettled(
      ['a', 'b', 'a'].map((key) => one.state.claim(key, MINUTE)),
    );
    expect(outcomes).toMatchObject([
      { value: true },
      { reason: expect.any(SharedStateUnavailable) },
      { value: false },
    ]);
  });

  it('cannot be known where no answer comes in time, and one that comes late is for nobody', async () => {
    const [one, two] = await start();
    one.isStopped = true;
    const claim = standing(one.state.claim('a', MINUTE));
    await turn();
    vi.advanceTimersByTime(PATIENCE_MS - 1);
    await turn();
    expect(claim()).toBe('open');
    vi.advanceTimersByTime(1);
    await turn();
    expect(claim()).toBeInstanceOf(SharedStateUnavailable);
    one.isStopped = false;
    one.deliver();
    expect(await one.state.claim('a', MINUTE)).toBe(false);
    expect(await two.state.claim('a', MINUTE)).toBe(false);
  });

  it('cannot be known where the primary process is gone', async () => {
    const [one] = await start();
    one.isOpen = false;
    await expect(one.state.claim('a', MINUTE)).rejects.toThrow(SharedStateUnavailable);
    await expect(one.state.publish('c', entry('a'))).rejects.toThrow(SharedStateUnavailable);
    expect(one.sent).toEqual([]);
  });

  it('that is a mistake is not sent', async () => {
    const [one] = await start();
    await expect(one.state.claim('k'.repeat(257), MINUTE)).rejects.toThrow(Malfunction);
    await expect(one.state.publish('a channel', entry('a'))).rejects.toThrow(Malfunction);
    expect(one.sent).toEqual([]);
  });
});

describe('an entry', () => {
  it('is known to all workers once it is published', async () => {
    const all = await start();
    const known = all.map(keysOf);
    await all[0].state.publish('c', entry('a'));
    expect(known).toEqual([['a'], ['a'], ['a']]);
  });

  it('is not published as long as one worker does not know it', async () => {
    const [one, two, three] = await start();
    three.isStopped = true;
    const published = standing(one.state.publish('c', entry('a')));
    await turn();
    expect(keysOf(two)).toEqual(['a']);
    expect(published()).toBe('open');
    three.isStopped = false;
    three.deliver();
    await turn();
    expect(published()).toBeUndefined();
  });

  it('is not published in time where a worker is silent, which is ended', async () => {
    const [one, two, three] = await start();
    three.isStopped = true;
    const published = standing(one.state.publish('c', entry('a')));
    await turn();
    vi.advanceTimersByTime(PATIENCE_MS);
    await turn();
    expect(published()).toBeInstanceOf(SharedStateUnavailable);
    three.silentMs = 4_001;
    vi.advanceTimersByTime(4_000);
    expect([one, two, three].map(({ isKilled }) => isKilled)).toEqual([false, false, true]);
    workers.delete(three);
    three.end();
    await one.state.publish('c', entry('a'));
  });

  it('does not wait for a worker that has ended', async () => {
    const [one, , three] = await start();
    three.isStopped = true;
    const published = one.state.publish('c', entry('a'));
    await turn();
    workers.delete(three);
    three.end();
    await published;
  });

  it('does not wait for workers that load plugins or catch up, which know it before they are ready', async () => {
    const [one] = await start();
    const loading = fork();
    const catchingUp = fork();
    catchingUp.isStopped = true;
    catchingUp.load();
    await one.state.publish('c', entry('a'));
    expect(catchingUp.isReady).toBe(false);
    const known = [keysOf(loading), keysOf(catchingUp)];
    catchingUp.isStopped = false;
    catchingUp.deliver();
    loading.load();
    await turn();
    expect(loading.isReady).toBe(true);
    expect(known).toEqual([['a'], ['a']]);
  });

  it('has no room beside as many as are kept', async () => {
    startPrimary({ entries: 1 });
    const [one, two] = await start();
    const known = keysOf(two);
    await one.state.publish('c', entry('a'));
    await expect(one.state.publish('c', entry('b'))).rejects.toThrow(SharedStateUnavailable);
    expect(known).toEqual(['a']);
  });

  it('of two of the same key is the same one on all workers', async () => {
    const all = await start();
    const [one, two] = all;
    await Promise.all([
      one.state.publish('c', { ...entry('a'), value: 'one' }),
      two.state.publish('c', { ...entry('a'), value: 'two' }),
    ]);
    const values = all.map((worker) => {
      const heard: string[] = [];
      worker.state.subscribe('c', ({ value }) => heard.push(value));
      return heard;
    });
    expect(values).toEqual([['two'], ['two'], ['two']]);
  });
});

describe('a subscription', () => {
  it('is current once the worker has caught up with all entries in force', async () => {
    const [one] = await start();
    const keys = Array.from({ length: 2_500 }, (_, index) => String(index));
    await Promise.all(keys.map((key) => one.state.publish('c', entry(key))));
    const late = fork();
    const heard: string[] = [];
    const subscription = late.state.subscribe('c', ({ key }) => heard.push(key));
    const current = standing(subscription.current());
    await turn();
    expect([subscription.isCurrent(), current()]).toEqual([false, 'open']);
    late.load();
    await turn();
    expect([subscription.isCurrent(), current()]).toEqual([true, undefined]);
    expect(heard).toEqual(keys);
    expect(late.state.subscribe('c', () => {}).isCurrent()).toBe(true);
  });
});
