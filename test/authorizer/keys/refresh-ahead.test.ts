import { describe, expect, it } from 'vitest';
import { countCacheResults } from '../../core/count-cache-results.ts';
import { createKey, ISSUER, JWKS_URI, json, notModified } from '../support.ts';
import {
  createRegistryHarness,
  DISCOVERY_URL,
  down,
  held,
  keysWith,
  LIMITS,
  SOURCE,
  until,
} from './support.ts';

const oldKey = createKey('ES256', 'old');
const newKey = createKey('ES256', 'new');

/** Of the event loop: enough for an answer without keys to come. */
const turn = () => new Promise(setImmediate);

const MOST = LIMITS.cache_seconds;
const LEAST = LIMITS.cooldown_seconds;

describe('the life of keys', () => {
  it.each([
    ['says nothing', {}, MOST],
    ['says nothing that is understood', { 'cache-control': 'public, s-maxage=60' }, MOST],
    ['wishes for one within the limits', { 'cache-control': 'max-age=100' }, 100],
    ['wishes for a longer one', { 'cache-control': 'max-age=21600' }, MOST],
    ['wishes for none', { 'cache-control': 'max-age=0' }, LEAST],
    ['does not want them stored', { 'cache-control': 'no-store' }, LEAST],
    ['wants to be asked each time', { 'cache-control': 'no-cache, max-age=600' }, LEAST],
    ['is not understood', { 'cache-control': 'max-age=soon' }, LEAST],
    ['has them from a cache', { 'cache-control': 'max-age=300', age: '200' }, 100],
    ['has them from a cache for long', { 'cache-control': 'max-age=300', age: '9999' }, LEAST],
    ['has them from a cache and says nothing else', { age: '9999' }, MOST],
  ])('where the issuer %s', async (_what, headers, seconds) => {
    const { registry, ask, advance } = createRegistryHarness({
      [JWKS_URI]: keysWith(headers, oldKey),
    });
    await ask('old');
    advance(seconds - 0.001);
    expect(registry.peek(SOURCE, { ...LIMITS, timeout_ms: 1 })).toBeDefined();
    advance(0.001);
    expect(registry.peek(SOURCE, LIMITS)).toBeUndefined();
  });

  it('is what the key set says, whatever the discovery document says', async () => {
    const source = { issuer: ISSUER };
    const document = { issuer: ISSUER, jwks_uri: JWKS_URI };
    const { registry, ask, advance } = createRegistryHarness({
      [DISCOVERY_URL]: json(document, 200, { 'cache-control': 'no-store' }),
      [JWKS_URI]: keysWith({ 'cache-control': 'max-age=100' }, oldKey),
    });
    await ask('old', { source });
    advance(99);
    expect(registry.peek(source, LIMITS)).toBeDefined();
  });

  it('is never longer than jwks_cache_seconds, even where the cooldown is', async () => {
    const limits = { ...LIMITS, cache_seconds: 10 };
    const { registry, ask, advance } = createRegistryHarness({
      [JWKS_URI]: keysWith({ 'cache-control': 'no-store' }, oldKey),
    });
    await ask('old', { limits });
    advance(10);
    expect(registry.peek(SOURCE, limits)).toBeUndefined();
  });

  it.each([
    ['as long as a 304 says', { 'cache-control': 'max-age=200' }, 200],
    ['as long as before where a 304 does not say', {}, 100],
    ['shorter where the 304 comes from a cache', { age: '50' }, 50],
  ])('is %s', async (_what, headers, seconds) => {
    const { registry, ask, answers, advance } = createRegistryHarness({
      [JWKS_URI]: keysWith({ etag: '"1"', 'cache-control': 'max-age=100' }, oldKey),
    });
    await ask('old');
    answers[JWKS_URI] = notModified(headers);
    advance(100 + LEAST);
    await ask('old');
    advance(seconds - 0.001);
    expect(registry.peek(SOURCE, LIMITS)).toBeDefined();
    advance(0.001);
    expect(registry.peek(SOURCE, LIMITS)).toBeUndefined();
  });

  it('is also the longest use of keys where jwks_max_stale_seconds allows no more', async () => {
    const limits = { ...LIMITS, max_stale_seconds: 0 };
    const { ask, answers, advance } = createRegistryHarness({
      [JWKS_URI]: keysWith({ 'cache-control': 'max-age=100' }, oldKey),
    });
    await ask('old', { limits });
    answers[JWKS_URI] = down;
    advance(99);
    expect(await ask('old', { limits })).toEqual({ outcome: 'verified' });
    advance(1);
    expect(await ask('old', { limits })).toMatchObject({ outcome: 'keys_unavailable' });
  });
});

describe('keys that are due', () => {
  it('are fetched in the background from four fifths of their life on, once', async () => {
    const { ask, answers, advance, requests } = createRegistryHarness({
      [JWKS_URI]: keysWith({ 'cache-control': 'max-age=100' }, oldKey),
    });
    await ask('old');
    const gate = held(keysWith({}, oldKey, newKey));
    answers[JWKS_URI] = gate.answer;
    advance(79.9);
    await ask('old');
    expect(requests).toHaveLength(1);
    advance(0.1);
    for (let request = 0; request < 50; request += 1) {
      expect(await ask('old')).toEqual({ outcome: 'verified' });
    }
    expect(requests).toHaveLength(2);
    gate.release();
    await until(async () => (await ask('new')).outcome === 'verified');
    expect(requests).toHaveLength(2);
  });

  it('never keep a request waiting on a busy route, however often they are fetched', async () => {
    const counted = countCacheResults('signing_keys');
    const { ask, keysInUse, answers, advance, requests } = createRegistryHarness({
      [JWKS_URI]: keysWith({ etag: '"1"' }, oldKey),
    });
    const keys = await keysInUse();
    answers[JWKS_URI] = notModified();
    let asked = 0;
    for (let seconds = 0; seconds < 10 * MOST; seconds += 10) {
      advance(10);
      await ask('old');
      asked += 1;
      await turn();
    }
    expect(counted()).toEqual({ miss: 1, hit: asked });
    expect(requests).toHaveLength(1 + Math.floor((10 * MOST) / (0.8 * MOST)));
    expect(await keysInUse()).toBe(keys);
  });

  it('are asked for once per cooldown while that fails, and keep serving', async () => {
    const { ask, answers, advance, requests } = createRegistryHarness({
      [JWKS_URI]: keysWith({}, oldKey),
    });
    await ask('old');
    answers[JWKS_URI] = down;
    advance(0.8 * MOST);
    for (let seconds = 0; seconds < 300; seconds += 10) {
      expect(await ask('old')).toEqual({ outcome: 'verified' });
      await turn();
      advance(10);
    }
    expect(requests).toHaveLength(1 + 10);
  });

  it('are waited for after a quiet spell, in which they may have been withdrawn', async () => {
    const { ask, answers, advance } = createRegistryHarness({
      [JWKS_URI]: keysWith({ 'cache-control': 'max-age=100' }, oldKey),
    });
    await ask('old');
    answers[JWKS_URI] = keysWith({}, newKey);
    advance(100 + LEAST);
    expect(await ask('old')).toEqual({ outcome: 'unknown_key' });
  });
});

describe('peek', () => {
  it('finds nothing before the first fetch, and asks nobody', () => {
    const { registry, requests } = createRegistryHarness({ [JWKS_URI]: keysWith({}, oldKey) });
    expect(registry.peek(SOURCE, LIMITS)).toBeUndefined();
    expect(requests).toEqual([]);
  });

  it('finds the keys in use and counts a hit', async () => {
    const { registry, keysInUse } = createRegistryHarness({ [JWKS_URI]: keysWith({}, oldKey) });
    const keys = await keysInUse();
    const counted = countCacheResults('signing_keys');
    expect(registry.peek(SOURCE, LIMITS)).toBe(keys);
    expect(counted()).toEqual({ hit: 1 });
  });

  it('finds them for whoever names the same issuer', async () => {
    const { registry, keysInUse } = createRegistryHarness({ [JWKS_URI]: keysWith({}, oldKey) });
    const keys = await keysInUse();
    expect(registry.peek({ ...SOURCE }, LIMITS)).toBe(keys);
    expect(registry.peek({ issuer: SOURCE.issuer }, LIMITS)).toBeUndefined();
  });

  it('brings in new keys without withKeys, once they are due', async () => {
    const { registry, ask, answers, advance, requests } = createRegistryHarness({
      [JWKS_URI]: keysWith({}, oldKey),
    });
    await ask('old');
    const keys = registry.peek(SOURCE, LIMITS);
    answers[JWKS_URI] = keysWith({}, newKey);
    advance(0.8 * MOST);
    for (let request = 0; request < 50; request += 1) {
      expect(registry.peek(SOURCE, LIMITS)).toBe(keys);
    }
    await until(() => registry.peek(SOURCE, LIMITS) !== keys);
    expect(registry.peek(SOURCE, LIMITS)?.jwks().keys).toMatchObject([{ kid: 'new' }]);
    expect(requests).toHaveLength(2);
  });

  it('goes on with keys in their life while the issuer is down, and leaves it alone', async () => {
    const { registry, ask, answers, advance, requests } = createRegistryHarness({
      [JWKS_URI]: keysWith({}, oldKey),
    });
    await ask('old');
    answers[JWKS_URI] = down;
    advance(0.8 * MOST);
    for (let second = 0; second < LEAST; second += 1) {
      expect(registry.peek(SOURCE, LIMITS)).toBeDefined();
      await turn();
      advance(1);
    }
    expect(requests).toHaveLength(2);
    registry.peek(SOURCE, LIMITS);
    expect(requests).toHaveLength(3);
  });

  it('finds nothing, and counts nothing, where keys are stale or withdrawn', async () => {
    const { registry, ask, answers, advance } = createRegistryHarness({
      [JWKS_URI]: keysWith({}, oldKey),
    });
    await ask('old');
    advance(MOST);
    const counted = countCacheResults('signing_keys');
    expect(registry.peek(SOURCE, LIMITS)).toBeUndefined();
    advance(LEAST);
    answers[JWKS_URI] = keysWith({});
    await ask('old');
    expect(registry.peek(SOURCE, LIMITS)).toBeUndefined();
    expect(counted()).toEqual({ failed: 1 });
  });
});
