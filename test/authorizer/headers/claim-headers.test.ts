import { describe, expect, it } from 'vitest';
import { claimHeaderValues } from '../../../src/authorizer/headers/claim-headers.ts';
import type { JsonObject } from '../../../src/core/json.ts';

function headerFor(claims: JsonObject, claim = 'c', email: string | null = null) {
  const identity = {
    subject: 'alice',
    issuer: 'https://idp.example',
    email,
    groups: [],
    scopes: [],
    actor: null,
    claims,
  };
  return claimHeaderValues({ [claim]: 'X-Claim' }, identity)['X-Claim'];
}

describe('claimHeaderValues', () => {
  it.each([
    ['a string', 'a, b', 'a%2C b'],
    ['a number', 1.5, '1.5'],
    ['a boolean', false, 'false'],
    ['a list', ['a', 1, true], 'a,1,true'],
    ['a list with commas inside', ['a,b', 'c'], 'a%2Cb,c'],
    ['an empty element', ['', 'a'], ',a'],
  ])('writes %s', (_what, value, expected) => {
    expect(headerFor({ c: value })).toBe(expected);
  });

  it.each([
    ['an object', { a: 1 }],
    ['null', null],
    ['an empty string', ''],
    ['an empty list', []],
    ['a list with an object in it', ['a', { b: 1 }]],
    ['a list with null in it', ['a', null]],
    ['an integer that parsing rounded', 2 ** 60],
  ])('leaves the header out for %s', (_what, value) => {
    expect(headerFor({ c: value })).toBeUndefined();
  });

  it('leaves the header out for an absent claim and for members of the prototype', () => {
    expect(headerFor({})).toBeUndefined();
    expect(headerFor({}, 'toString')).toBeUndefined();
  });

  it('reads a nested claim by JSON Pointer', () => {
    expect(headerFor({ a: { b: ['x', 'y'] } }, '/a/b')).toBe('x,y');
  });

  it.each(['email', '/email'])(
    'passes on %s only as far as the identity vouches for it',
    (claim) => {
      expect(headerFor({ email: 'a@example.com' }, claim, null)).toBeUndefined();
      expect(headerFor({ email: 'a@example.com' }, claim, 'a@example.com')).toBe('a@example.com');
    },
  );
});
