import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type {
  ClaimMatch,
  MatchedClaim,
  Revocation,
} from '../../../src/authorizer/revocation/revocation.ts';
import { createRevocationBook } from '../../../src/authorizer/revocation/revocation-book.ts';
import { toEntry } from '../../../src/authorizer/revocation/revocation-entry.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { ISSUER, NOW, OTHER_ISSUER } from '../support.ts';

const CUTOFF = NOW - 60;
const RETENTION_SECONDS = 604_800;

function open(most_entries?: number) {
  let now_ms = NOW * 1000;
  const book = createRevocationBook({
    clock: () => now_ms,
    ...(most_entries === undefined ? {} : { most_entries }),
  });
  return {
    book,
    advance(seconds: number) {
      now_ms += seconds * 1000;
    },
    revoke(
      match: Revocation['match'],
      changes: Partial<Revocation> = {},
      seconds = RETENTION_SECONDS,
    ) {
      const revocation = { issuer: ISSUER, match, issued_until_seconds: CUTOFF, ...changes };
      return book.apply(toEntry(revocation, now_ms + seconds * 1000));
    },
    isRevoked: (claims: JsonObject, issuer = ISSUER) => book.isRevoked(claims, issuer),
  };
}

const by = (claim: MatchedClaim, value: string): ClaimMatch => ({ claim, value });
const ALICE = by('sub', 'alice');

/** Of Alice, issued before the cutoff unless a case says otherwise. */
function token(changes: Record<string, unknown> = {}): JsonObject {
  const claims = {
    iss: ISSUER,
    sub: 'alice',
    email: 'alice@example.com',
    sid: 's-1',
    jti: 'token-1',
    iat: CUTOFF - 10,
    ...changes,
  };
  return JSON.parse(JSON.stringify(claims));
}

describe('a revocation', () => {
  it.each([
    ['sub', ALICE, token(), true],
    ['another sub', by('sub', 'bob'), token(), false],
    ['a sub in another case', by('sub', 'Alice'), token(), false],
    ['a sub that merely begins alike', by('sub', 'alic'), token(), false],
    ['email', by('email', 'alice@example.com'), token(), true],
    ['email in another case', by('email', 'ALICE@Example.COM'), token(), true],
    [
      'email where the token has another case',
      by('email', 'alice@example.com'),
      token({ email: 'Alice@EXAMPLE.com' }),
      true,
    ],
    [
      'email beyond ASCII in another case',
      by('email', 'JÜRGEN@example.com'),
      token({ email: 'jürgen@example.com' }),
      true,
    ],
    [
      'email in another normalization form',
      by('email', 'ju\u0308rgen@example.com'),
      token({ email: 'jürgen@example.com' }),
      true,
    ],
    [
      'email with a sharp s',
      by('email', 'strasse@example.com'),
      token({ email: 'Straße@example.com' }),
      true,
    ],
    [
      'email that the issuer does not call verified',
      by('email', 'alice@example.com'),
      token({ email_verified: false }),
      true,
    ],
    ['another email', by('email', 'bob@example.com'), token(), false],
    ['an email that is the sub', by('email', 'alice'), token(), false],
    ['sid', by('sid', 's-1'), token(), true],
    ['another sid', by('sid', 's-2'), token(), false],
    ['sid where the token has none', by('sid', 's-1'), token({ sid: undefined }), false],
    ['sid where the token writes it as a number', by('sid', '7'), token({ sid: 7 }), true],
    ['jti', by('jti', 'token-1'), token(), true],
    ['another jti', by('jti', 'token-2'), token(), false],
    ['a jti that is the sub', by('jti', 'alice'), token(), false],
  ])('by %s decides on a token', (_what, match, claims, expected) => {
    const { revoke, isRevoked } = open();
    expect(isRevoked(claims)).toBe(false);
    expect(revoke([match])).toBe(true);
    expect(isRevoked(claims)).toBe(expected);
  });

  it.each([
    ['of another issuer', { issuer: OTHER_ISSUER }, token(), false],
    ['for a token issued at the cutoff', {}, token({ iat: CUTOFF }), true],
    ['for a token issued a second later', {}, token({ iat: CUTOFF + 1 }), false],
    ['for a token issued a moment later', {}, token({ iat: CUTOFF + 0.001 }), false],
    ['for a token issued a moment before', {}, token({ iat: CUTOFF - 0.001 }), true],
    [
      'for a cutoff with a fraction',
      { issued_until_seconds: CUTOFF + 0.5 },
      token({ iat: CUTOFF }),
      true,
    ],
    ['for a token without iat', {}, token({ iat: undefined }), true],
    ['for a token with an iat that is text', {}, token({ iat: String(NOW) }), true],
    ['for a token with an iat that is null', {}, token({ iat: null }), true],
    ['for a token with an infinite iat', {}, { ...token(), iat: Number.POSITIVE_INFINITY }, true],
  ])('%s decides', (_what, changes, claims, expected) => {
    const { revoke, isRevoked } = open();
    revoke([ALICE], changes);
    expect(isRevoked(claims)).toBe(expected);
  });

  it.each([
    ['both', token(), true],
    ['the user alone', token({ sid: 's-2' }), false],
    ['the session alone', token({ sub: 'bob' }), false],
    ['neither', token({ sub: 'bob', sid: 's-2' }), false],
    ['the user, and no session to tell by', token({ sid: undefined }), true],
    ['the user, and a session that is no text', token({ sid: { id: 's-1' } }), true],
    ['the user, and an empty session', token({ sid: '' }), true],
    ['another user, and no session to tell by', token({ sub: 'bob', sid: undefined }), false],
    ['the session, and no user to tell by', token({ sub: undefined }), true],
    ['nothing to tell by', token({ sub: undefined, sid: undefined }), false],
    ['both, later', token({ iat: CUTOFF + 1 }), false],
  ])('of one session of one user decides on a token that has %s', (_what, claims, expected) => {
    const { revoke, isRevoked } = open();
    revoke([ALICE, by('sid', 's-1')]);
    expect(isRevoked(claims)).toBe(expected);
  });

  it('of one session leaves every other of the same user alone, and of the same session of another', () => {
    const { revoke, isRevoked } = open();
    revoke([ALICE, by('sid', 's-1')]);
    revoke([by('sub', 'bob'), by('sid', 's-2')]);
    expect(isRevoked(token({ sub: 'alice', sid: 's-2' }))).toBe(false);
    expect(isRevoked(token({ sub: 'bob', sid: 's-1' }))).toBe(false);
    expect(isRevoked(token({ sub: 'bob', sid: 's-2' }))).toBe(true);
  });

  it('cannot be told apart by its delimiters', () => {
    const { revoke, isRevoked } = open();
    revoke([by('sub', 'a'), by('sid', '1:b')]);
    revoke([by('sub', 'a'), by('sid', 'x')]);
    revoke([by('sub', 'a1'), by('sid', 'x')]);
    expect(isRevoked(token({ sub: 'a1', sid: ':b' }))).toBe(false);
    expect(isRevoked(token({ sub: 'a1:', sid: 'b' }))).toBe(false);
  });

  it('does not find a claim that every object has', () => {
    const { revoke, isRevoked } = open();
    revoke([by('sub', '__proto__')]);
    revoke([by('sub', 'constructor')]);
    expect(isRevoked({})).toBe(false);
    expect(isRevoked(token(), '__proto__')).toBe(false);
    expect(isRevoked(token({ sub: 'constructor' }))).toBe(true);
  });
});

describe('a second revocation of the same subject', () => {
  it('wins with a later cutoff, and loses with an earlier one', () => {
    const { revoke, isRevoked } = open();
    revoke([ALICE], { issued_until_seconds: CUTOFF });
    revoke([ALICE], { issued_until_seconds: CUTOFF - 100 });
    expect(isRevoked(token({ iat: CUTOFF }))).toBe(true);
    revoke([ALICE], { issued_until_seconds: CUTOFF + 30 });
    expect(isRevoked(token({ iat: CUTOFF + 30 }))).toBe(true);
    expect(isRevoked(token({ iat: CUTOFF + 31 }))).toBe(false);
  });

  it('lasts as long as the longer of the two', () => {
    const { revoke, isRevoked, advance } = open();
    revoke([ALICE], {}, 7200);
    revoke([ALICE], {}, 3600);
    advance(7199);
    expect(isRevoked(token())).toBe(true);
    advance(1);
    expect(isRevoked(token())).toBe(false);
  });

  it('has another key in the shared state, so that neither takes the place of the other', () => {
    const early: Revocation = { issuer: ISSUER, match: [ALICE], issued_until_seconds: CUTOFF };
    const late = { ...early, issued_until_seconds: CUTOFF + 1 };
    expect(toEntry(early, 1).key).not.toBe(toEntry(late, 1).key);
    expect(toEntry(early, 1).key).toBe(toEntry({ ...early }, 2).key);
    expect(toEntry({ ...early, match: [by('sub', 'x'.repeat(1024))] }, 1).key).toHaveLength(43);
  });
});

describe('the generation', () => {
  it('changes with what is new, and only then', () => {
    const { book, revoke } = open();
    const seen = [book.generation];
    const hasChanged = () => {
      seen.push(book.generation);
      return seen.at(-1) !== seen.at(-2);
    };
    revoke([ALICE]);
    expect(hasChanged()).toBe(true);
    revoke([ALICE]);
    expect(hasChanged()).toBe(false);
    revoke([ALICE], { issued_until_seconds: CUTOFF - 1 });
    expect(hasChanged()).toBe(false);
    revoke([ALICE], { issued_until_seconds: CUTOFF + 1 });
    expect(hasChanged()).toBe(true);
    revoke([ALICE, by('sid', 's-1')]);
    expect(hasChanged()).toBe(true);
    revoke([by('sub', 'bob')], {}, 0);
    expect(hasChanged()).toBe(false);
  });
});

describe('an entry that is no revocation', () => {
  const good = { issuer: ISSUER, match: [ALICE], issued_until_seconds: CUTOFF };

  it.each([
    ['no JSON', 'alice'],
    ['null', 'null'],
    ['of no issuer', JSON.stringify({ ...good, issuer: '' })],
    ['of nobody', JSON.stringify({ ...good, match: [] })],
    ['by three claims', JSON.stringify({ ...good, match: [ALICE, ALICE, ALICE] })],
    ['by an empty claim', JSON.stringify({ ...good, match: [by('sub', ''), ALICE] })],
    [
      'by a claim that no token is compared by',
      JSON.stringify({ ...good, match: [{ claim: 'device', value: 'x' }] }),
    ],
    ['without cutoff', JSON.stringify({ issuer: ISSUER, match: [ALICE] })],
    ['with an infinite cutoff', JSON.stringify(good).replace(String(CUTOFF), '1e400')],
  ])('is reported: %s', (_what, value) => {
    const { book, isRevoked } = open();
    expect(book.apply({ key: 'key', value, expires_at_ms: NOW * 1000 + 1 })).toBe(false);
    expect(isRevoked(token())).toBe(false);
  });
});

describe('a full book', () => {
  function fill(most_entries: number) {
    const opened = open(most_entries);
    for (let index = 0; index < most_entries; index += 1) {
      opened.revoke([by('sub', `user-${index}`)], {}, 3600);
    }
    return opened;
  }

  it('says so, and no sooner', () => {
    const { book, revoke } = open(2);
    revoke([by('sub', 'bob')]);
    expect(book.isFull).toBe(false);
    revoke([ALICE]);
    expect(book.isFull).toBe(true);
  });

  it('has room again when entries have expired', () => {
    const { book, advance, isRevoked } = fill(20);
    expect(book.isFull).toBe(true);
    advance(3600);
    expect(book.isFull).toBe(false);
    expect(isRevoked(token({ sub: 'user-1' }))).toBe(false);
  });

  it('still takes what others accepted at the same moment', () => {
    const { revoke, isRevoked } = fill(20);
    expect(revoke([ALICE])).toBe(true);
    expect(isRevoked(token())).toBe(true);
    expect(isRevoked(token({ sub: 'bob' }))).toBe(false);
  });

  it('refuses all tokens up to the cutoff of what it cannot hold', () => {
    const { revoke, isRevoked, book } = fill(20);
    revoke([by('sub', 'bob')]);
    revoke([by('sub', 'carol')]);
    const { generation } = book;
    expect(revoke([ALICE])).toBe(false);
    expect(book.generation).not.toBe(generation);
    expect(isRevoked(token())).toBe(true);
    expect(isRevoked(token({ sub: 'dave' }), OTHER_ISSUER)).toBe(true);
    expect(isRevoked(token({ iat: undefined }))).toBe(true);
    expect(isRevoked(token({ iat: CUTOFF + 1 }))).toBe(false);
  });

  it('stays as it is when it hears again of what it holds', () => {
    const { revoke, isRevoked } = fill(20);
    revoke([by('sub', 'bob')]);
    revoke([by('sub', 'carol')]);
    expect(revoke([by('sub', 'bob')], { issued_until_seconds: CUTOFF + 5 })).toBe(true);
    expect(isRevoked(token({ sub: 'dave' }))).toBe(false);
  });

  it('refuses all tokens no longer than what it could not hold is in force', () => {
    const { revoke, isRevoked, advance } = fill(20);
    revoke([by('sub', 'bob'), by('sid', 's-9')]);
    expect(revoke([ALICE], {}, 7200)).toBe(false);
    advance(7199);
    expect(isRevoked(token({ sub: 'dave' }))).toBe(true);
    advance(1);
    expect(isRevoked(token({ sub: 'dave' }))).toBe(false);
  });

  it('holds 100,000 entries and knows each of them', () => {
    const { revoke, isRevoked, book } = open();
    for (let index = 0; index < 99_999; index += 1) revoke([by('sub', `user-${index}`)]);
    expect(book.isFull).toBe(false);
    revoke([ALICE]);
    expect(book.isFull).toBe(true);
    for (let index = 0; index < 99_999; index += 1000) {
      expect(isRevoked(token({ sub: `user-${index}` }))).toBe(true);
      expect(isRevoked(token({ sub: `user-${index}`, iat: CUTOFF + 1 }))).toBe(false);
    }
    expect(isRevoked(token({ sub: 'user-100000' }))).toBe(false);
  });
});

/** Texts that run into each other where they are joined without care. */
const nasty = fc.constantFrom(
  'a',
  'b',
  'a1',
  '1',
  '1:',
  ':a',
  '1:a',
  '1:b',
  '2:a1',
  'a:',
  '"',
  '","',
  'a","b',
  '\\',
  '\u0000',
  'a\u0000b',
  '-',
  '+',
  'sub',
  'sub-sid',
  'sub+sid',
  '__proto__',
  'é',
  '😀',
  ' ',
  'a b',
);
const value = fc.oneof(
  { weight: 4, arbitrary: nasty },
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }),
);
const issuer = fc.constantFrom(ISSUER, OTHER_ISSUER, `${ISSUER}/`);
const user = fc.record({ claim: fc.constantFrom<MatchedClaim>('sub', 'email'), value });
const session = fc.record({ claim: fc.constantFrom<MatchedClaim>('sid', 'jti'), value });
const match: fc.Arbitrary<Revocation['match']> = fc.oneof(
  fc.tuple(fc.oneof(user, session)),
  fc.tuple(user, session),
);
const cutoff = fc.integer({ min: CUTOFF - 3, max: CUTOFF + 3 });
const revocation = fc.record({ issuer, match, issued_until_seconds: cutoff });
const claimSet = fc.record(
  { sub: value, email: value, sid: value, jti: value, iat: cutoff },
  { requiredKeys: ['sub'] },
);

/** The same address, as the book understands it. */
const fold = (text: string) => text.normalize('NFKC').toUpperCase().toLowerCase();

/** What a revocation says of a token, word by word. */
function isMeant(
  one: Revocation,
  claims: { [C in MatchedClaim | 'iat']?: string | number },
  of: string,
) {
  const present = [...one.match].filter(({ claim }) => claims[claim] !== undefined);
  const equal = present.every(({ claim, value: wanted }) => {
    const found = String(claims[claim]);
    return claim === 'email' ? fold(found) === fold(wanted) : found === wanted;
  });
  const isEarly = claims.iat === undefined || Number(claims.iat) <= one.issued_until_seconds;
  return one.issuer === of && present.length > 0 && equal && isEarly;
}

describe('whatever is revoked', () => {
  it('refuses exactly the tokens that one of the revocations means', () => {
    fc.assert(
      fc.property(
        fc.array(revocation, { maxLength: 12 }),
        fc.array(fc.tuple(claimSet, issuer), { minLength: 1, maxLength: 12 }),
        (revocations, tokens) => {
          const { book } = open();
          for (const one of revocations) book.apply(toEntry(one, NOW * 1000 + 1));
          for (const [claims, of] of tokens) {
            const expected = revocations.some((one) => isMeant(one, claims, of));
            expect(book.isRevoked({ ...claims }, of)).toBe(expected);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('never refuses a token of another subject', () => {
    const subject = fc.tuple(fc.constantFrom<MatchedClaim>('sub', 'sid', 'jti'), value);
    fc.assert(
      fc.property(subject, session, claimSet, ([claim, revoked], narrowing, claims) => {
        fc.pre(claims[claim as 'sub'] !== revoked);
        const { book } = open();
        const one = { issuer: ISSUER, issued_until_seconds: NOW };
        book.apply(toEntry({ ...one, match: [by(claim, revoked)] }, NOW * 1000 + 1));
        book.apply(
          toEntry({ ...one, match: [by('sub', `${claims.sub}.`), narrowing] }, NOW * 1000 + 1),
        );
        expect(book.isRevoked({ ...claims }, ISSUER)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it('never takes one pair of user and session for another that reads the same when joined', () => {
    const joined = fc.string({
      unit: fc.constantFrom('a', '1', '2', ':'),
      minLength: 2,
      maxLength: 8,
    });
    fc.assert(
      fc.property(joined, fc.nat(), fc.nat(), session, (text, i, j, { claim }) => {
        const [here, there] = [1 + (i % (text.length - 1)), 1 + (j % (text.length - 1))];
        fc.pre(here !== there);
        const [sub, value] = [text.slice(0, there), text.slice(there)];
        const { book, revoke } = open();
        revoke([by('sub', text.slice(0, here)), by(claim, text.slice(here))]);
        // Both halves occur, but not together.
        revoke([by('sub', sub), by(claim, `${value}.`)]);
        revoke([by('sub', `${sub}.`), by(claim, value)]);
        expect(book.isRevoked({ sub, [claim]: value }, ISSUER)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it('always refuses all tokens of the subject issued up to the cutoff, whatever else is revoked, in whatever order', () => {
    fc.assert(
      fc.property(
        fc.array(revocation, { maxLength: 8 }),
        fc.array(revocation, { maxLength: 8 }),
        revocation,
        claimSet,
        fc.nat(1000),
        (before, after, one, claims, age) => {
          const { book } = open();
          for (const each of [...before, one, ...after]) book.apply(toEntry(each, NOW * 1000 + 1));
          const named = Object.fromEntries(
            [...one.match].map(({ claim, value: text }) => [claim, text]),
          );
          const iat = one.issued_until_seconds - age;
          expect(book.isRevoked({ ...claims, ...named, iat }, one.issuer)).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
