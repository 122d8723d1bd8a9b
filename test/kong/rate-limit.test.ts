import { expect, it } from 'vitest';
import { createRateLimit } from '../../src/kong/rate-limit.ts';

it('lets each key through once a period', () => {
  let now = 0;
  const due = createRateLimit(1000, () => now);
  expect([due('a'), due('a'), due('b')]).toEqual([true, false, true]);
  now = 999;
  expect(due('a')).toBe(false);
  now = 1000;
  expect([due('a'), due('a')]).toEqual([true, false]);
});
