import { describe, expect, it } from 'vitest';
import { readRetryAfter } from '../../../src/authorizer/introspection/read-retry-after.ts';
import { NOW } from './support.ts';

describe('readRetryAfter', () => {
  it.each([
    ['5', 5000],
    ['1', 1000],
    ['0', 1000],
    ['60', 60_000],
    ['61', 60_000],
    ['99999999999999999999999', 60_000],
    ['Fri, 20 Nov 2026 12:00:07 GMT', 7000],
    ['Fri, 20 Nov 2026 11:00:00 GMT', 1000],
    ['Sat, 20 Nov 2027 12:00:00 GMT', 60_000],
    [null, undefined],
    ['', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['soon', undefined],
    ['5, 6', undefined],
    ['2026-11-20T12:00:07Z', undefined],
    ['Abc, 99 Xyz 2026 12:00:07 GMT', undefined],
  ])('reads %j as %j ms', (value, expected) => {
    expect(readRetryAfter(value, NOW * 1000)).toBe(expected);
  });
});
