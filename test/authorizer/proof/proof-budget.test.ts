import { expect, it } from 'vitest';
import { createProofBudget } from '../../../src/authorizer/proof/proof-budget.ts';

it('gives each key its share, and a new one after a while, also where the clock is set back', () => {
  const budget = createProofBudget({ most: 2 });
  const take = (jkt: string, now_ms: number) => budget.take(jkt, now_ms);
  expect([take('a', 0), take('a', 1), take('a', 2)]).toEqual([true, true, false]);
  expect(take('b', 2)).toBe(true);
  expect(take('a', 599_999)).toBe(false);
  expect(take('a', 600_000)).toBe(true);
  expect([take('a', 0), take('a', 0), take('a', 0)]).toEqual([true, true, false]);
});
