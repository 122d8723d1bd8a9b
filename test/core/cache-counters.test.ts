import { expect, it } from 'vitest';
import { countCacheResult, readCacheCounters } from '../../src/core/cache-counters.ts';

it('counts each result of each cache', () => {
  countCacheResult('one', 'hit');
  countCacheResult('one', 'hit');
  countCacheResult('one', 'stale');
  countCacheResult('two', 'failed');
  expect(readCacheCounters().get('one')).toEqual({ hit: 2, miss: 0, stale: 1, failed: 0 });
  expect(readCacheCounters().get('two')).toEqual({ hit: 0, miss: 0, stale: 0, failed: 1 });
});

it('is one table for all copies of the module that a process holds', async () => {
  const address = '../../src/core/cache-counters.ts?another-copy';
  const copy: { countCacheResult: typeof countCacheResult } = await import(address);
  expect(copy.countCacheResult).not.toBe(countCacheResult);
  copy.countCacheResult('shared', 'miss');
  countCacheResult('shared', 'miss');
  expect(readCacheCounters().get('shared')?.miss).toBe(2);
});

it('takes any word for a cache, members of Object.prototype too', () => {
  countCacheResult('__proto__', 'hit');
  countCacheResult('constructor', 'hit');
  expect(readCacheCounters().get('__proto__')?.hit).toBe(1);
  expect(readCacheCounters().get('constructor')?.hit).toBe(1);
});
