import { describe, expect, it } from 'vitest';
import { readClaim, readStringListClaim } from '../../src/core/read-claim.ts';

const claims = {
  groups: ['a', 7, 'b'],
  'https://example.com/roles': 'admin',
  realm_access: { roles: ['x', 'y'], 'a/b': { 'm~n': true } },
  '/odd': 'literal names with a slash in front are pointers',
};

describe('readClaim', () => {
  it.each([
    ['groups', ['a', 7, 'b']],
    ['https://example.com/roles', 'admin'],
    ['/realm_access/roles', ['x', 'y']],
    ['/realm_access/roles/1', 'y'],
    ['/realm_access/a~1b/m~0n', true],
  ])('finds %s', (name, value) => {
    expect(readClaim(claims, name)).toEqual(value);
  });

  it.each([
    'nothing',
    'constructor',
    '__proto__',
    '/constructor/name',
    '/groups/length',
    '/groups/-1',
    '/groups/01',
    '/realm_access/roles/9',
    '/groups/0/0',
    '/odd',
  ])('finds nothing under %s', (name) => {
    expect(readClaim(claims, name)).toBeUndefined();
  });
});

describe('readStringListClaim', () => {
  it('keeps the strings of an array', () => {
    expect(readStringListClaim(claims, 'groups')).toEqual(['a', 'b']);
  });

  it('takes a lone string for a list of one', () => {
    expect(readStringListClaim(claims, 'https://example.com/roles')).toEqual(['admin']);
  });

  it.each([[{ groups: { a: true } }], [{ groups: null }], [{ groups: 1 }], [{}]])(
    'reads %j as no groups',
    (other) => {
      expect(readStringListClaim(other, 'groups')).toEqual([]);
    },
  );
});
