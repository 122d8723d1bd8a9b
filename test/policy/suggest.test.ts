import { describe, expect, it } from 'vitest';
import { suggest } from '../../src/policy/suggest.ts';

describe('suggest', () => {
  it.each([
    ['grups', 'groups'],
    ['goups', 'groups'],
    ['gruops', 'groups'],
    ['Groups', 'groups'],
    ['subjct', 'subject'],
  ])('takes %s for %s', (name, meant) => {
    expect(suggest(name, ['claims', 'groups', 'subject'])).toBe(`; did you mean "${meant}"?`);
  });

  it.each(['x', 'frobnicate', ''])('has nothing to say on %j', (name) => {
    expect(suggest(name, ['claims', 'groups', 'subject'])).toBe('');
  });

  it('takes two letters that changed places for one mistake', () => {
    expect(suggest('lables', ['labels'])).toBe('; did you mean "labels"?');
    expect(suggest('ab', ['ba', 'xy'])).toBe('');
  });

  it('does not look up names of more than 64 characters', () => {
    const candidates = {
      // biome-ignore lint/correctness/useYield: it must not be asked for anything
      *[Symbol.iterator](): Generator<string> {
        throw new Error('looked at the candidates');
      },
    };
    expect(suggest('a'.repeat(65), candidates)).toBe('');
    expect(suggest('a'.repeat(64), ['a'.repeat(63)])).toMatch(/did you mean/);
  });
});
