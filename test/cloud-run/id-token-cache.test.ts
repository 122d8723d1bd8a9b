import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createIdTokenCache, type IdTokenRequest } from '../../src/cloud-run/id-token-cache.ts';
import { createLocalSharedState } from '../../src/core/local-shared-state.ts';
import { Malfunction } from '../../src/core/malfunction.ts';
import { countCacheResults } from '../core/count-cache-results.ts';
import {
  AUDIENCE,
  fakeIdToken,
  fakeSource,
  frozenClock,
  NOW,
  recordingLogger,
  settle,
} from './support.ts';

const HOUR = 3_600_000;
const MARGIN = 300_000;

function setUp({
  random = () => 0,
  max_entries = 1000,
}: {
  random?: () => number;
  max_entries?: number;
} = {}) {
  const clock = frozenClock();
  const source = fakeSource(clock);
  const logger = recordingLogger();
  const state = createLocalSharedState({ clock });
  const cache = createIdTokenCache({ clock, state, random, max_entries });
  const get = (changes: Partial<IdTokenRequest> = {}) =>
    cache.get({
      source,
      audience: AUDIENCE,
      refresh_margin_ms: MARGIN,
      timeout_ms: 3000,
      logger,
      ...changes,
    });
  return { clock, source, logger, get };
}

async function failing(): Promise<string> {
  throw new Malfunction('the source is down');
}

/** A fetch that stays open until it is told how to end. */
function openFetch() {
  let resolve: (token: string) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<string>((succeed, fail) => {
    resolve = succeed;
    reject = fail;
  });
  return { promise, resolve, reject };
}

// Only the bounds on waiting use timers; expiry goes by the clock handed in.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a cold cache', () => {
  it('mints once for 1,000 concurrent requests', async () => {
    const { source, get } = setUp();
    const results = await Promise.all(Array.from({ length: 1000 }, () => get()));
    expect(source.calls).toBe(1);
    expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
    expect(results[0]?.outcome).toBe('token');
  });

  it('fails 1,000 concurrent requests with one call', async () => {
    const { source, get } = setUp();
    source.answer = failing;
    const results = await Promise.all(Array.from({ length: 1000 }, () => get()));
    expect(source.calls).toBe(1);
    expect(results.every(({ outcome }) => outcome === 'unavailable')).toBe(true);
  });

  it('leaves no timer behind', async () => {
    const { get } = setUp();
    await get();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the key of the cache', () => {
  it('tells audiences, accounts and credentials apart', async () => {
    const { clock, source, get } = setUp();
    const other = fakeSource(clock, 'other@demo.iam.gserviceaccount.com');
    const rotated = { ...fakeSource(clock), credential: 'fake:rotated' };
    await get();
    await get({ audience: 'https://other.example.com' });
    await get({ source: other });
    const fetchIdToken = vi.fn(source.answer);
    await get({ source: { ...rotated, fetchIdToken } });
    expect([source.calls, other.calls, fetchIdToken.mock.calls.length]).toEqual([2, 1, 1]);
  });

  it('lets the instances of one config share a token', async () => {
    const { clock, source, get } = setUp();
    const second = fakeSource(clock);
    await get();
    await get({ source: second });
    expect([source.calls, second.calls]).toEqual([1, 0]);
  });

  it('does not let parts run into each other', async () => {
    const { clock, get } = setUp();
    const a = { ...fakeSource(clock), account: 'x', credential: 'y","z' };
    const fetchIdToken = vi.fn(fakeSource(clock).answer);
    const b = { account: 'z","x', credential: 'y', fetchIdToken };
    await get({ source: a });
    await get({ source: b });
    expect(fetchIdToken).toHaveBeenCalledTimes(1);
  });

  it('is bounded in number, beyond which tokens come from the state that is shared', async () => {
    const { source, get } = setUp({ max_entries: 2 });
    for (const audience of ['https://a', 'https://b', 'https://c', 'https://c', 'https://a']) {
      await get({ audience });
    }
    expect(source.calls).toBe(3);
  });
});

describe('a warm cache', () => {
  it('serves the token without asking the source until the margin', async () => {
    const { clock, source, get } = setUp();
    const first = await get();
    clock.advance(HOUR - MARGIN - 1);
    expect(await get()).toEqual(first);
    expect(source.calls).toBe(1);
  });

  it('refreshes once in the background, serving the old token meanwhile', async () => {
    const { clock, source, get } = setUp();
    const first = await get();
    clock.advance(HOUR - MARGIN);
    const open = openFetch();
    source.answer = () => open.promise;
    const during = await Promise.all(Array.from({ length: 100 }, () => get()));
    expect(source.calls).toBe(2);
    expect(during.every((result) => JSON.stringify(result) === JSON.stringify(first))).toBe(true);
    const next = fakeIdToken({ aud: AUDIENCE, exp: (clock() + HOUR) / 1000 });
    open.resolve(next);
    await settle();
    expect(await get()).toEqual({ outcome: 'token', token: next });
    expect(source.calls).toBe(2);
  });

  it('puts the refresh off by its share of chance', async () => {
    const { clock, source, get } = setUp({ random: () => 0.5 });
    await get();
    clock.advance(HOUR - MARGIN);
    await get();
    expect(source.calls).toBe(1);
    clock.advance(MARGIN * 0.05);
    await get();
    await settle();
    expect(source.calls).toBe(2);
  });

  it('waits for a new token once the old one is about to expire', async () => {
    const { clock, source, get } = setUp();
    const first = await get();
    clock.advance(HOUR - 10_000);
    const second = await get();
    expect(second.outcome).toBe('token');
    expect(second).not.toEqual(first);
    expect(source.calls).toBe(2);
  });

  it("does not ask again and again for a metadata server's leftover of four minutes", async () => {
    const { clock, source, get } = setUp();
    const leftover = fakeIdToken({ aud: AUDIENCE, exp: NOW / 1000 + 240 });
    source.answer = async () => leftover;
    for (let second = 0; second < 220; second += 1) {
      expect((await get()).outcome).toBe('token');
      await settle();
      clock.advance(1000);
    }
    expect(source.calls).toBeLessThan(7);
  });

  it('serves a leftover of a few seconds while it is valid, asking for another once a second', async () => {
    const { clock, source, logger, get } = setUp();
    const leftover = fakeIdToken({ aud: AUDIENCE, exp: NOW / 1000 + 5 });
    source.answer = async () => leftover;
    for (let request = 0; request < 500; request += 1) {
      expect(await get()).toEqual({ outcome: 'token', token: leftover });
      clock.advance(10);
    }
    expect(source.calls).toBe(5);
    expect(await get()).toEqual({ outcome: 'unavailable', retry_after_seconds: 2 });
    source.answer = fakeSource(clock).answer;
    clock.advance(2000);
    expect((await get()).outcome).toBe('token');
    expect(logger.lines.map(({ level, fields }) => [level, fields.reason])).toEqual([
      ['warn', 'the ID token came with only seconds to live'],
      ['error', 'the ID token is expired; does the clock of this machine go right?'],
      ['info', undefined],
    ]);
  });

  it('keeps what lives longer where a refresh brings a leftover', async () => {
    const { clock, source, get } = setUp();
    const first = fakeIdToken({ aud: AUDIENCE, exp: NOW / 1000 + 60 });
    const leftover = fakeIdToken({ aud: AUDIENCE, exp: NOW / 1000 + 35 });
    source.answer = async () => (source.calls === 1 ? first : leftover);
    await get();
    clock.advance(30_000);
    await get();
    await settle();
    expect(source.calls).toBe(2);
    expect(await get()).toEqual({ outcome: 'token', token: first });
    expect(source.calls).toBe(2);
  });

  it('refreshes a token that came before the clock was set back, serving it meanwhile', async () => {
    const { clock, source, get } = setUp();
    const first = await get();
    clock.advance(-HOUR);
    expect(await get()).toEqual(first);
    await settle();
    expect(source.calls).toBe(2);
    const second = await get();
    expect(second).not.toEqual(first);
    await settle();
    expect(source.calls).toBe(2);
  });
});

describe('an outage', () => {
  it('is bridged by a token that is still valid, and logged once', async () => {
    const { clock, source, logger, get } = setUp();
    const first = await get();
    source.answer = failing;
    clock.advance(HOUR - MARGIN);
    for (let second = 0; second < 280; second += 1) {
      expect(await get()).toEqual(first);
      await settle();
      clock.advance(1000);
    }
    expect(source.calls).toBeGreaterThan(20);
    expect(source.calls).toBeLessThan(40);
    expect(logger.lines).toEqual([
      {
        level: 'warn',
        message: 'an ID token cannot be refreshed; it is served on',
        fields: { account: source.account, audience: AUDIENCE, reason: 'the source is down' },
      },
    ]);
  });

  it('is bridged by a token in its last seconds, but never by an expired one', async () => {
    const { clock, source, get } = setUp();
    const first = await get();
    source.answer = failing;
    clock.advance(HOUR - 10_000);
    while (clock() < NOW + HOUR) {
      expect(await get()).toEqual(first);
      clock.advance(100);
    }
    expect((await get()).outcome).toBe('unavailable');
    expect(source.calls).toBeLessThan(7);
  });

  it('never has an expired token sent', async () => {
    const { clock, source, logger, get } = setUp();
    await get();
    source.answer = failing;
    clock.advance(HOUR);
    expect(await get()).toEqual({ outcome: 'unavailable', retry_after_seconds: 1 });
    expect(logger.lines.map(({ level }) => level)).toEqual(['error']);
  });

  it('is answered at once during the back-off, which grows to ten seconds', async () => {
    const { clock, source, get } = setUp();
    source.answer = failing;
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 6; attempt += 1) {
      const result = await get();
      expect(source.calls).toBe(attempt);
      if (result.outcome !== 'unavailable') throw new Error('a token out of nowhere');
      waits.push(result.retry_after_seconds);
      clock.advance(result.retry_after_seconds * 1000 - 1);
      expect(await get()).toEqual({ outcome: 'unavailable', retry_after_seconds: 1 });
      expect(source.calls).toBe(attempt);
      clock.advance(1);
    }
    expect(waits).toEqual([1, 2, 4, 8, 10, 10]);
  });

  it('is logged once however often it shows, and its end too', async () => {
    const { clock, source, logger, get } = setUp();
    const healthy = source.answer;
    source.answer = failing;
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await get();
      clock.advance(10_000);
    }
    source.answer = healthy;
    await get();
    clock.advance(HOUR);
    source.answer = failing;
    await get();
    expect(logger.lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'error: no ID token can be had; requests are refused',
      'info: ID tokens can be had again',
      'error: no ID token can be had; requests are refused',
    ]);
  });

  it('does not last longer because the clock was put back', async () => {
    const { clock, source, get } = setUp();
    const healthy = source.answer;
    source.answer = failing;
    await get();
    source.answer = healthy;
    clock.advance(-HOUR);
    expect((await get()).outcome).toBe('token');
  });

  it('of every second call over 100 expiries fails no request and sends no expired token', async () => {
    const { clock, source, get } = setUp({ random: () => 0.9 });
    const healthy = source.answer;
    const end = NOW + 100 * HOUR;
    source.answer = (audience, signal) =>
      source.calls % 2 === 0 ? failing() : healthy(audience, signal);
    const tokens = new Set<string>();
    for (; clock() < end; clock.advance(30_000)) {
      const result = await get();
      if (result.outcome !== 'token') throw new Error(`a request failed at ${clock()}`);
      const [, payload = ''] = result.token.split('.');
      const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString());
      expect(exp * 1000).toBeGreaterThan(clock());
      tokens.add(result.token);
      await settle();
    }
    expect(tokens.size).toBeGreaterThan(100);
    expect(source.calls).toBeGreaterThan(200);
  });

  it('of a source that gives tokens for another audience is an outage', async () => {
    const { source, logger, get } = setUp();
    const wrong = fakeIdToken({ aud: 'https://evil.example.com', exp: NOW / 1000 + 3600 });
    source.answer = async () => wrong;
    expect((await get()).outcome).toBe('unavailable');
    expect(JSON.stringify(logger.lines)).not.toContain(wrong);
    expect(logger.lines[0]?.fields.reason).toBe('the ID token is for another audience');
  });

  it('of the log as well fails neither the request nor the process', async () => {
    const { source, get } = setUp();
    source.answer = failing;
    const broken = () => {
      throw new Error('EPIPE');
    };
    const logger = { info: broken, warn: broken, error: broken };
    expect((await get({ logger })).outcome).toBe('unavailable');
  });
});

describe('the processes of one plugin server', () => {
  function setUpTwo() {
    const clock = frozenClock();
    const state = createLocalSharedState({ clock });
    const source = fakeSource(clock);
    const logger = recordingLogger();
    const [one, two] = [0, 0.9].map((chance) => {
      const cache = createIdTokenCache({ clock, state, random: () => chance });
      const request = { source, audience: AUDIENCE, refresh_margin_ms: MARGIN, timeout_ms: 3000 };
      return {
        get: () => cache.get({ ...request, logger }),
        warm: () => cache.warm({ ...request, logger }),
        reject: () => cache.reject({ ...request, logger }),
      };
    });
    if (one === undefined || two === undefined) throw new Error('two were asked for');
    return { clock, source, logger, one, two };
  }

  it('mint once for 1,000 concurrent requests to either', async () => {
    const { source, one, two } = setUpTwo();
    const results = await Promise.all(
      Array.from({ length: 1000 }, (_, index) => (index % 2 === 0 ? one : two).get()),
    );
    expect(source.calls).toBe(1);
    expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
  });

  it('refresh once for both', async () => {
    const { clock, source, one, two } = setUpTwo();
    await Promise.all([one.get(), two.get()]);
    clock.advance(HOUR - MARGIN / 2);
    await Promise.all([one.get(), two.get()]);
    await settle();
    expect(await one.get()).toEqual(await two.get());
    expect(source.calls).toBe(2);
  });

  it('fail no request and send no expired token over 100 expiries of every second call failing', async () => {
    const { clock, source, one, two } = setUpTwo();
    const healthy = source.answer;
    source.answer = (audience, signal) =>
      source.calls % 2 === 0 ? failing() : healthy(audience, signal);
    const tokens = new Set<string>();
    for (; clock() < NOW + 100 * HOUR; clock.advance(30_000)) {
      for (const result of await Promise.all([one.get(), two.get()])) {
        if (result.outcome !== 'token') throw new Error(`a request failed at ${clock()}`);
        const { exp } = decodeJwt(result.token);
        expect(Number(exp) * 1000).toBeGreaterThan(clock());
        tokens.add(result.token);
      }
      await settle();
    }
    expect(tokens.size).toBeGreaterThan(100);
    // One process alone needs about as many.
    expect(source.calls).toBeLessThan(250);
  });

  it('all give up a token that the upstream does not take, and one mints anew', async () => {
    const { clock, source, logger, one, two } = setUpTwo();
    const first = await one.get();
    expect(await two.get()).toEqual(first);
    clock.advance(30_000);
    two.reject();
    one.reject();
    const [second, other] = await Promise.all([one.get(), two.get()]);
    expect(second).not.toEqual(first);
    expect(other).toEqual(second);
    expect(source.calls).toBe(2);
    expect(logger.lines.map(({ level }) => level)).toEqual(['warn']);
  });

  it('keep a token that has just come, however often it is not taken', async () => {
    const { clock, source, one } = setUpTwo();
    await one.get();
    for (let second = 0; second < 300; second += 1) {
      clock.advance(1000);
      one.reject();
      expect((await one.get()).outcome).toBe('token');
    }
    expect(source.calls).toBe(11);
  });

  it('send a token that was not taken on where no other can be had', async () => {
    const { clock, source, one } = setUpTwo();
    const first = await one.get();
    source.answer = failing;
    clock.advance(60_000);
    one.reject();
    expect(await one.get()).toEqual(first);
  });

  it('are warmed by one of them', async () => {
    const { source, one, two } = setUpTwo();
    await Promise.all([one.warm(), two.warm(), one.warm()]);
    await Promise.all([one.get(), two.get()]);
    expect(source.calls).toBe(1);
  });

  it('are not warmed against a source that fails', async () => {
    const { source, one, two } = setUpTwo();
    source.answer = failing;
    await Promise.all([one.warm(), two.warm()]);
    await Promise.all([one.warm(), two.warm()]);
    expect(source.calls).toBe(1);
  });
});

describe('a slow source', () => {
  it('keeps a request no longer than its timeout_ms, and fills the cache for the next', async () => {
    const { clock, source, logger, get } = setUp();
    const open = openFetch();
    source.answer = () => open.promise;
    const impatient = get({ timeout_ms: 1000 });
    const patient = get({ timeout_ms: 5000 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(await impatient).toEqual({ outcome: 'unavailable', retry_after_seconds: 1 });
    const token = fakeIdToken({ aud: AUDIENCE, exp: (clock() + HOUR) / 1000 });
    open.resolve(token);
    expect(await patient).toEqual({ outcome: 'token', token });
    expect(await get()).toEqual({ outcome: 'token', token });
    expect(source.calls).toBe(1);
    expect(logger.lines.map(({ level, fields }) => [level, fields.reason])).toEqual([
      ['error', 'no answer within 1000 ms'],
      ['info', undefined],
    ]);
  });

  it('is given up after ten seconds even where it ignores the signal, and asked anew', async () => {
    const { clock, source, get } = setUp();
    const healthy = source.answer;
    const open = openFetch();
    let aborted = false;
    source.answer = (_, signal) => {
      signal.addEventListener('abort', () => {
        aborted = true;
      });
      return open.promise;
    };
    const waiting = get();
    await vi.advanceTimersByTimeAsync(3000);
    expect((await waiting).outcome).toBe('unavailable');
    await vi.advanceTimersByTimeAsync(7000);
    expect(aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
    source.answer = healthy;
    expect((await get()).outcome).toBe('unavailable');
    clock.advance(1000);
    expect((await get()).outcome).toBe('token');
    // What comes too late is nobody's: no unhandled rejection, no token changed.
    open.reject(new Error('too late'));
    await settle();
    expect((await get()).outcome).toBe('token');
    // Two tries within the ten seconds, and this one.
    expect(source.calls).toBe(3);
  });

  it('is waited for up to timeout_ms, though it is asked a second time meanwhile', async () => {
    const { clock, source, get } = setUp();
    const [first, second] = [openFetch(), openFetch()];
    source.answer = () => (source.calls === 1 ? first.promise : second.promise);
    const waiting = get();
    await vi.advanceTimersByTimeAsync(2900);
    expect(source.calls).toBe(2);
    const token = fakeIdToken({ aud: AUDIENCE, exp: (clock() + HOUR) / 1000 });
    first.resolve(token);
    expect(await waiting).toEqual({ outcome: 'token', token });
  });

  it('is asked a second time where the first answer is lost, while the request still waits', async () => {
    const { source, get } = setUp();
    const healthy = source.answer;
    source.answer = (audience, signal) =>
      source.calls === 1 ? openFetch().promise : healthy(audience, signal);
    const waiting = get();
    await vi.advanceTimersByTimeAsync(2000);
    expect((await waiting).outcome).toBe('token');
    expect(source.calls).toBe(2);
  });
});

describe('what is counted', () => {
  it('is a miss for each request that waits for a mint, and a hit from then on', async () => {
    const counted = countCacheResults('id_tokens');
    const { get } = setUp();
    await Promise.all([get(), get()]);
    await get();
    expect(counted()).toEqual({ miss: 2, hit: 1 });
  });

  it('is stale in the last seconds of a token that cannot be refreshed, and failed after them', async () => {
    const { clock, source, get } = setUp();
    await get();
    source.answer = failing;
    const counted = countCacheResults('id_tokens');
    clock.advance(HOUR - 5_000);
    // The mint fails; then it is not even tried.
    expect((await get()).outcome).toBe('token');
    expect((await get()).outcome).toBe('token');
    expect(counted()).toEqual({ stale: 2 });
    clock.advance(5_000);
    expect((await get()).outcome).toBe('unavailable');
    expect(counted()).toEqual({ stale: 2, failed: 1 });
  });

  it('is failed where nobody answers in time', async () => {
    const counted = countCacheResults('id_tokens');
    const { source, get } = setUp();
    source.answer = () => openFetch().promise;
    const waiting = get();
    await vi.advanceTimersByTimeAsync(3000);
    await waiting;
    expect(counted()).toEqual({ failed: 1 });
    await vi.advanceTimersByTimeAsync(7000);
  });
});
