import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Answer, createKey, JWKS_URI } from '../support.ts';
import { createRegistryHarness, down, held, keysWith, LIMITS, SOURCE } from './support.ts';

const oldKey = createKey('ES256', 'old');
const newKey = createKey('ES256', 'new');
const turn = () => new Promise(setImmediate);

/** Two routes with one issuer. */
const eager = { ...LIMITS, cache_seconds: 10, cooldown_seconds: 1 };
const lazy = { ...LIMITS, cache_seconds: 3600, cooldown_seconds: 600 };

describe('two sets of limits for one issuer', () => {
  it('share what either has fetched', async () => {
    const { ask, advance, requests, answers } = createRegistryHarness({
      [JWKS_URI]: keysWith({}, oldKey),
    });
    await ask('old', { limits: lazy });
    expect(await ask('old', { limits: eager })).toEqual({ outcome: 'verified' });
    expect(requests).toHaveLength(1);
    answers[JWKS_URI] = keysWith({}, newKey);
    advance(11);
    expect(await ask('new', { limits: eager })).toEqual({ outcome: 'verified' });
    expect(await ask('new', { limits: lazy })).toEqual({ outcome: 'verified' });
    expect(requests).toHaveLength(2);
  });

  it('each judge the same keys by themselves', async () => {
    const { registry, ask, advance, answers } = createRegistryHarness({
      [JWKS_URI]: keysWith({ 'cache-control': 'max-age=1800' }, oldKey),
    });
    await ask('old', { limits: lazy });
    advance(11);
    expect(registry.peek(SOURCE, eager)).toBeUndefined();
    expect(registry.peek(SOURCE, lazy)).toBeDefined();
    answers[JWKS_URI] = down;
    const strict = { ...eager, max_stale_seconds: 0 };
    expect(await ask('old', { limits: strict })).toMatchObject({ outcome: 'keys_unavailable' });
    expect(await ask('old', { limits: lazy })).toEqual({ outcome: 'verified' });
  });

  it('do not keep a new key from each other: junk on one route brings it to the other', async () => {
    const { ask, advance, requests, answers } = createRegistryHarness({
      [JWKS_URI]: keysWith({}, oldKey),
    });
    await ask('old', { limits: lazy });
    advance(1);
    await ask('junk', { limits: lazy });
    answers[JWKS_URI] = keysWith({}, oldKey, newKey);
    advance(1);
    expect(await ask('new', { limits: lazy })).toEqual({
      outcome: 'keys_unavailable',
      retry_after_seconds: 599,
    });
    await ask('junk', { limits: eager });
    expect(await ask('new', { limits: lazy })).toEqual({ outcome: 'verified' });
    expect(requests).toHaveLength(3);
  });

  it('let one wait for a fetch that the other has begun, even within its own cooldown', async () => {
    const { ask, advance, requests, answers } = createRegistryHarness({
      [JWKS_URI]: keysWith({}, oldKey),
    });
    await ask('old', { limits: lazy });
    advance(1);
    await ask('junk', { limits: lazy });
    const gate = held(keysWith({}, oldKey, newKey));
    answers[JWKS_URI] = gate.answer;
    advance(9);
    await ask('old', { limits: eager });
    const waiting = ask('new', { limits: lazy });
    gate.release();
    expect(await waiting).toEqual({ outcome: 'verified' });
    expect(requests).toHaveLength(3);
  });

  it('do not make each other ask more often than their own limits say', async () => {
    const { ask, advance, requests, answers } = createRegistryHarness({
      [JWKS_URI]: keysWith({}, oldKey),
    });
    await ask('old', { limits: eager });
    answers[JWKS_URI] = down;
    for (let second = 0; second < 300; second += 1) {
      advance(1);
      expect(await ask('old', { limits: lazy })).toEqual({ outcome: 'verified' });
      await turn();
    }
    expect(requests).toHaveLength(1);
  });
});

describe('a hasty route beside a patient one', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const hasty = { ...LIMITS, timeout_ms: 100 };
  const patient = { ...LIMITS, timeout_ms: 2000 };
  const slowKeys: Answer = async (signal) => {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return keysWith({}, oldKey)(signal);
  };

  it('waits no longer than it wants, but does not cut the fetch short for the patient one', async () => {
    const { ask, advance } = createRegistryHarness({ [JWKS_URI]: slowKeys });
    const first = ask('old', { limits: hasty });
    const joined = ask('old', { limits: patient });
    await vi.advanceTimersByTimeAsync(100);
    expect(await first).toMatchObject({ outcome: 'keys_unavailable' });
    expect(await joined).toMatchObject({ outcome: 'keys_unavailable' });

    // From now on it is known that somebody has patience, whoever begins the fetch.
    advance(1);
    const second = ask('old', { limits: hasty });
    await vi.advanceTimersByTimeAsync(100);
    expect(await second).toMatchObject({ outcome: 'keys_unavailable' });
    const third = ask('old', { limits: patient });
    await vi.advanceTimersByTimeAsync(900);
    expect(await third).toEqual({ outcome: 'verified' });
    expect(await ask('old', { limits: hasty })).toEqual({ outcome: 'verified' });
  });

  it('calls no key unknown that it had no patience to hear about', async () => {
    const { ask, answers, advance } = createRegistryHarness({ [JWKS_URI]: keysWith({}, oldKey) });
    await ask('old', { limits: hasty });
    await ask('old', { limits: patient });
    answers[JWKS_URI] = slowKeys;
    advance(1);
    const asked = ask('new', { limits: hasty, existed_at_ms: 0 });
    await vi.advanceTimersByTimeAsync(100);
    expect(await asked).toEqual({ outcome: 'keys_unavailable', retry_after_seconds: 1 });
    await vi.advanceTimersByTimeAsync(900);
    expect(await ask('new', { limits: hasty, existed_at_ms: 0 })).toEqual({
      outcome: 'unknown_key',
    });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('has fetches end when it wants where nobody else has asked since the last one', async () => {
    const { ask, advance, logger } = createRegistryHarness({
      [JWKS_URI]: () => new Promise(() => {}),
    });
    for (const limits of [patient, hasty]) {
      const asked = ask('old', { limits });
      await vi.advanceTimersByTimeAsync(limits.timeout_ms);
      await asked;
      expect(vi.getTimerCount()).toBe(0);
      advance(1);
    }
    expect(logger.lines[0]?.fields.reason).toBe('no answer within 2000 ms');
  });
});
