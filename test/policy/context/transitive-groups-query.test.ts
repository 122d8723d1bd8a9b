import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTransitiveGroupsQuery } from '../../../dev/google/transitive-groups-query.ts';
import {
  isCustomerId,
  memberKey,
  transitiveGroupsQuery,
} from '../../../src/policy/context/transitive-groups-query.ts';

const LABEL = 'cloudidentity.googleapis.com/groups.discussion_forum';

describe('the question', () => {
  it('names the member and the kind of group', () => {
    expect(transitiveGroupsQuery('alice@example.com', undefined)).toBe(
      `member_key_id == 'alice@example.com' && '${LABEL}' in labels`,
    );
  });

  it('may be confined to one customer', () => {
    expect(parseTransitiveGroupsQuery(transitiveGroupsQuery('a@b.co', 'C046psxkn'))).toEqual({
      member: 'a@b.co',
      label: LABEL,
      customer: 'C046psxkn',
    });
  });

  it.each(["x' || 'a' in labels && member_key_id == 'y@example.com", 'Alice@example.com', ''])(
    'is not made with %j',
    (member) => {
      expect(() => transitiveGroupsQuery(member, undefined)).toThrow('cannot be quoted');
    },
  );

  it('is not made with a customer that is none', () => {
    expect(() => transitiveGroupsQuery('a@b.co', "C1' || 'a' in labels")).toThrow(
      'cannot be quoted',
    );
    expect(['C046psxkn', 'C1'].every(isCustomerId)).toBe(true);
    expect(['', 'C', '046psxkn', "C1'", 'C1\n', 'customers/C1'].some(isCustomerId)).toBe(false);
  });
});

describe('an address', () => {
  it.each([
    ['alice@example.com', 'alice@example.com'],
    ['Alice.Smith+qa@Sub.Example.COM', 'alice.smith+qa@sub.example.com'],
    [
      'gateway@demo-project.iam.gserviceaccount.com',
      'gateway@demo-project.iam.gserviceaccount.com',
    ],
    [`${'a'.repeat(64)}@example.com`, `${'a'.repeat(64)}@example.com`],
  ])('%j is asked about as %j', (email, key) => {
    expect(memberKey(email)).toBe(key);
  });

  it.each([
    "alice'@example.com",
    "' || member_key_id == 'bob@example.com",
    "alice@example.com' || 'x' in labels || 'a' == 'a",
    'alice\\@example.com',
    'alice@example.com\\',
    '"alice smith"@example.com',
    '"@example.com',
    'alice@example.com\n',
    '\nalice@example.com',
    'alice@example.com\0',
    ' alice@example.com',
    'alice@exa mple.com',
    'alice@@example.com',
    'alice@example',
    'alice@.com',
    'alice@example..com',
    'alice@-example.com',
    'alice@[127.0.0.1]',
    '@example.com',
    '.alice@example.com',
    'alice.@example.com',
    'alice',
    '',
    'álice@example.com',
    'alice@exämple.com',
    // Its lower case is an ASCII k.
    '\u212Aate@example.com',
    // Quotes of other scripts.
    'alice\u2019@example.com',
    'alice\uFF07@example.com',
    'alice\u02BC@example.com',
    'alice%@example.com&&',
    '`alice`@example.com',
    'alice@example.com#',
    'alice@example.com?query=x',
    `${'a'.repeat(65)}@example.com`,
    `a@${'b'.repeat(250)}.com`,
    `a@${'b.'.repeat(120)}com`,
    'a'.repeat(1_000_000),
  ])('%j is not asked about', (email) => {
    expect(memberKey(email)).toBeUndefined();
  });

  it('is the member that Google reads out of the question, whatever it was', () => {
    const alphabet = fc.constantFrom(...'aZ0@.\'"\\ &|=()+-%_\n\0k\u212A\u2019');
    const addresses = fc.oneof(
      fc.string({ unit: alphabet, maxLength: 40 }),
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc
        .tuple(
          fc.string({ unit: alphabet, maxLength: 8 }),
          fc.constantFrom('@example.com', "@e'.com"),
        )
        .map((parts) => parts.join('')),
      fc.emailAddress(),
    );
    fc.assert(
      fc.property(addresses, (email) => {
        const member = memberKey(email);
        if (member === undefined) return;
        expect(parseTransitiveGroupsQuery(transitiveGroupsQuery(member, undefined))).toEqual({
          member: email.toLowerCase(),
          label: LABEL,
          customer: null,
        });
      }),
      { numRuns: 2000 },
    );
  });
});
