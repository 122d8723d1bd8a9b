import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFreshness } from '../../../src/authorizer/keys/read-freshness.ts';

const maxAgeOf = (cacheControl: string) =>
  readFreshness(new Headers({ 'cache-control': cacheControl })).max_age_seconds;

describe('Cache-Control', () => {
  it.each([
    ['max-age=60', 60],
    ['max-age=0', 0],
    ['public, max-age=60, must-revalidate', 60],
    ['MAX-AGE=60', 60],
    ['max-age="60"', 60],
    [',,max-age=60,,', 60],
    ['max-age=60;', 0],
    ['max-age=60 garbage', 60],
    ['no-store', 0],
    ['No-Cache', 0],
    ['no-cache="set-cookie"', 0],
    ['no-cache, no-store, max-age=600', 0],
    ['max-age=99999999999999999999999999', 2 ** 31],
    [`max-age=${'9'.repeat(400)}`, 2 ** 31],
  ])('%s is a wish', (cacheControl, wish) => {
    expect(maxAgeOf(cacheControl)).toBe(wish);
  });

  it.each([
    ['max-age=600, max-age=60', 60],
    ['max-age=60, max-age=600', 60],
    ['max-age=60, max-age=soon', 0],
  ])('%s: of several wishes the shortest counts', (cacheControl, wish) => {
    expect(maxAgeOf(cacheControl)).toBe(wish);
  });

  it('may stand on several lines', () => {
    const headers = new Headers();
    headers.append('cache-control', 'max-age=600');
    headers.append('cache-control', 'max-age=60');
    expect(readFreshness(headers).max_age_seconds).toBe(60);
  });

  it.each(['max-age', 'max-age=', 'max-age=-1', 'max-age=1.5', 'max-age=1e3', 'max-age=soon'])(
    '%s is no number, so the shortest wish',
    (cacheControl) => {
      expect(maxAgeOf(cacheControl)).toBe(0);
    },
  );

  it.each([
    '',
    'public',
    's-maxage=60',
    'x-max-age=60',
    'private="max-age=60, no-store"',
    'private="\\", max-age=60"',
    'stale-while-revalidate=60, stale-if-error=60',
    '="',
    '\\"",=;',
  ])('%j is no wish', (cacheControl) => {
    expect(maxAgeOf(cacheControl)).toBeNull();
  });

  it('never asks for more than any max-age in it, whatever stands around it', () => {
    const text = fc.string({ unit: fc.constantFrom(...'"\\,;= \tabmx-0'), maxLength: 40 });
    fc.assert(
      fc.property(text, text, (before, after) => {
        const wish = maxAgeOf(`${before.replaceAll('"', '')},max-age=60,${after}`);
        expect(wish).toBeLessThanOrEqual(60);
      }),
    );
  });

  it.each(['"', ' ', ',', '=', '=",', 'a="\\",', 'a='])(
    'takes no long time for a long row of %j',
    (piece) => {
      const began = performance.now();
      maxAgeOf(`x${piece.repeat(16_000)}x`);
      expect(performance.now() - began).toBeLessThan(1000);
    },
  );
});

describe('Age', () => {
  it.each([
    ['17', 17],
    ['17, 99', 17],
    ['99999999999999999999', 2 ** 31],
    ['-1', 0],
    ['1.5', 0],
    ['old', 0],
    ['', 0],
  ])('%j is %d seconds', (age, seconds) => {
    expect(readFreshness(new Headers({ age })).age_seconds).toBe(seconds);
  });

  it('is 0 where the answer comes from the issuer itself', () => {
    expect(readFreshness(new Headers()).age_seconds).toBe(0);
  });
});
