import { describe, expect, it } from 'vitest';
import { backOffMs } from '../../src/cloud-run/back-off.ts';

describe('the back-off', () => {
  it('doubles from a second to ten', () => {
    expect([1, 2, 3, 4, 5, 6, 2000].map((failures) => backOffMs(failures, 0))).toEqual([
      1000, 2000, 4000, 8000, 10000, 10000, 10000,
    ]);
  });

  it('is shortened at random by up to 30 %', () => {
    expect(backOffMs(1, 0.5)).toBe(850);
    expect(backOffMs(9, 0.999999)).toBeGreaterThan(6999);
  });
});
