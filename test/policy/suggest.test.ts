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
});
