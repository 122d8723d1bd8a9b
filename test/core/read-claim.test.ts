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
  it.each([
    ['an array', { groups: ['a', 'b'] }, ['a', 'b']],
    ['a lone string, for a list of one', { groups: 'a b' }, ['a b']],
    ['nothing', {}, []],
    ['null', { groups: null }, []],
    ['an empty string', { groups: '' }, []],
  ])('reads %s', (_, other, list) => {
    expect(readStringListClaim(other, 'groups')).toEqual(list);
  });

  it.each([{ a: true }, 1, true, ['a', 7], [['a']], [{ value: 'a' }], [null], [''], ['a', '']])(
    'does not take %j for a list of strings, nor for none',
    (groups) => expect(readStringListClaim({ groups }, 'groups')).toBeUndefined(),
  );
});
