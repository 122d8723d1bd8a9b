import { describe, expect, it } from 'vitest';
import { backOffLeftMs, backOffMs } from '../../../src/core/google/back-off.ts';
import { Malfunction } from '../../../src/core/malfunction.ts';

function busy(retryAfter: string): Error {
  const response = { headers: new Headers({ 'retry-after': retryAfter }) };
  return Object.assign(new Error('busy'), { response });
}

describe('the back-off of a failing source', () => {
  it('doubles from a second to ten', () => {
    expect([1, 2, 3, 4, 5, 50].map((failures) => backOffMs(failures, 0))).toEqual([
      1000, 2000, 4000, 8000, 10_000, 10_000,
    ]);
  });

  it('is shortened by chance, by 30 % at most', () => {
    expect(backOffMs(1, 0.5)).toBe(850);
    expect(backOffMs(9, 0.999)).toBeGreaterThan(7000);
  });

  it.each([
    ['7', 7000],
    ['0', 1000],
    ['3600', 30_000],
    ['soon', 1000],
    ['Wed, 21 Oct 2026 07:28:00 GMT', 1000],
  ])('is what the source says, within half a minute: %s', (retryAfter, expected) => {
    expect(backOffMs(1, 0, busy(retryAfter))).toBe(expected);
    const wrapped = new Malfunction('no token', { cause: busy(retryAfter) });
    expect(backOffMs(1, 0, wrapped)).toBe(expected);
  });

  it('passes, and does not grow by a clock that is put back', () => {
    expect(backOffLeftMs(10_000, 4000)).toBe(6000);
    expect(backOffLeftMs(10_000, 11_000)).toBe(0);
    expect(backOffLeftMs(3_600_000, 0)).toBe(0);
  });
});
