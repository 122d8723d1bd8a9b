import { describe, expect, it } from 'vitest';
import { readIdentity } from '../../../src/authorizer/identity/read-identity.ts';
import type { JsonObject } from '../../../src/core/json.ts';

function identityOf(claims: JsonObject, groups_claim = 'groups') {
  const reading = readIdentity({ sub: 'alice', ...claims }, 'https://idp.example', groups_claim);
  if (reading.outcome !== 'identity') throw new Error(reading.reason);
  return reading.identity;
}

describe('readIdentity', () => {
  it.each([
    ['is kept where the issuer says nothing of it', {}, 'a@example.com'],
    ['is kept where the issuer has verified it', { email_verified: true }, 'a@example.com'],
    ['is dropped where the issuer has not', { email_verified: false }, null],
    ['is dropped where that is said in text', { email_verified: 'true' }, null],
    ['is dropped where that is null', { email_verified: null }, null],
  ])('email %s', (_what, claims, email) => {
    expect(identityOf({ email: 'a@example.com', ...claims }).email).toBe(email);
  });

  it('has no email where the claim is absent or null', () => {
    expect(identityOf({}).email).toBeNull();
    expect(identityOf({ email: null }).email).toBeNull();
  });

  it.each([
    ['a list', { groups: ['a', 'b'] }, ['a', 'b']],
    ['one string', { groups: 'a' }, ['a']],
    ['nothing', {}, []],
  ])('reads groups from %s', (_what, claims, groups) => {
    expect(identityOf(claims).groups).toEqual(groups);
  });

  it.each([[['a', 1]], [[null]], [{ a: true }], [7]])(
    'does not take %j for groups, because a rule may mean to refuse one of them',
    (groups) => expect(() => identityOf({ groups })).toThrow('malformed_claim'),
  );

  it.each([{ scope: [''] }, { scp: ['', 'x'] }, { act: { sub: 'a', iss: '' } }])(
    'does not take an empty name for one, as in %j, because every text contains it',
    (claims) => expect(() => identityOf(claims)).toThrow(/malformed/),
  );

  it('reads groups from a claim whose name is a URL', () => {
    const name = 'https://example.com/roles';
    expect(identityOf({ [name]: ['a'] }, name).groups).toEqual(['a']);
  });

  it.each([
    ['a string', { scope: 'a  b ' }, ['a', 'b']],
    ['an empty string', { scope: '' }, []],
    ['a list', { scope: ['a', 'b'] }, ['a', 'b']],
    ['scp', { scp: ['a'] }, ['a']],
    ['scope rather than scp', { scope: 'a', scp: 'b' }, ['a']],
    ['nothing', {}, []],
  ])('reads scopes from %s', (_what, claims, scopes) => {
    expect(identityOf(claims).scopes).toEqual(scopes);
  });

  it('reads the chain of actors, the outermost as the one that acts', () => {
    const act = {
      sub: 'agent',
      iss: 'https://agents.example',
      act: { sub: 'earlier', act: { sub: 'first', iss: 'https://first.example' } },
    };
    expect(identityOf({ act }).actor).toEqual({
      subject: 'agent',
      issuer: 'https://agents.example',
      prior: [
        { subject: 'earlier', issuer: null },
        { subject: 'first', issuer: 'https://first.example' },
      ],
    });
    expect(identityOf({ act: { sub: 'agent' } }).actor).toEqual({
      subject: 'agent',
      issuer: null,
      prior: [],
    });
    expect(identityOf({}).actor).toBeNull();
  });

  it.each([
    ['says that it is verified', { email_verified: true }, 'a@example.com'],
    ['says nothing of it', {}, null],
    ['says so in a text', { email_verified: 'true' }, null],
  ])('demands a verified address where it is told to: a token that %s', (_, claims, email) => {
    const all: JsonObject = { sub: 'alice', email: 'a@example.com', ...claims };
    const reading = readIdentity(all, 'https://idp.example', 'groups', true);
    expect(reading).toMatchObject({ identity: { email } });
  });

  it('does not take groups that are to be asked for elsewhere for none', () => {
    const claims: JsonObject = { sub: 'alice', _claim_names: { groups: 'src1' } };
    for (const name of ['groups', '/groups', '/groups/all']) {
      expect(readIdentity(claims, 'https://idp.example', name)).toEqual({
        outcome: 'invalid',
        reason: 'groups_elsewhere',
      });
    }
    expect(readIdentity(claims, 'https://idp.example', 'roles').outcome).toBe('identity');
  });

  it('keeps every claim, a member called __proto__ too', () => {
    const claims: JsonObject = JSON.parse('{"sub":"alice","__proto__":{"groups":["admin"]}}');
    const reading = readIdentity(claims, 'https://idp.example', 'groups');
    expect(reading).toMatchObject({ identity: { groups: [] } });
    expect(reading.outcome === 'identity' && reading.identity.claims).toBe(claims);
  });
});
