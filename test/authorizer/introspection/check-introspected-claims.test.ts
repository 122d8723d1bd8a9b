import { describe, expect, it } from 'vitest';
import { checkIntrospectedClaims } from '../../../src/authorizer/introspection/check-introspected-claims.ts';
import type { JsonObject, JsonValue } from '../../../src/core/json.ts';
import { NOW } from './support.ts';

const AUDIENCE = 'https://tasks.example.com';
const RULES = {
  issuer: 'https://idp.example',
  audiences: [AUDIENCE, 'tasks'],
  leeway_seconds: 30,
};
const GOOD: JsonObject = {
  iss: 'https://idp.example',
  aud: AUDIENCE,
  sub: 'alice',
  client_id: 'tasks-cli',
  token_type: 'Bearer',
  scope: 'tasks:read',
  exp: NOW + 300,
  nbf: NOW - 10,
  iat: NOW - 10,
  jti: 'token-1',
};

/** Good claims with some changed; undefined leaves one out. */
function claimsOf(changes: Record<string, JsonValue | undefined>): JsonObject {
  const entries = Object.entries({ ...GOOD, ...changes });
  return Object.fromEntries(
    entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );
}

function check(changes: Record<string, JsonValue | undefined>, rules = {}) {
  return checkIntrospectedClaims(claimsOf(changes), { ...RULES, ...rules }, NOW);
}

describe('checkIntrospectedClaims', () => {
  it('hands back the very claims that it accepts', () => {
    const claims = claimsOf({});
    expect(checkIntrospectedClaims(claims, RULES, NOW)).toEqual({ outcome: 'valid', claims });
    const check = checkIntrospectedClaims(claims, RULES, NOW);
    expect(check.outcome === 'valid' && check.claims === claims).toBe(true);
  });

  it.each<[string, Record<string, JsonValue | undefined>]>([
    ['without issuer', { iss: undefined }],
    ['without times', { exp: undefined, nbf: undefined, iat: undefined }],
    ['without token_type', { token_type: undefined }],
    ['of type bearer', { token_type: 'bearer' }],
    ['of type DPoP, with its key', { token_type: 'DPoP', cnf: { jkt: 'thumbprint' } }],
    ['of type dpop, with its key', { token_type: 'dpop', cnf: { jkt: 'thumbprint' } }],
    ['bound to a certificate', { cnf: { 'x5t#S256': 'thumbprint' } }],
    ['for several audiences', { aud: ['https://other.example.com', 'tasks'] }],
    ['that expired within the leeway', { exp: NOW - 29 }],
    ['that begins within the leeway', { nbf: NOW + 30, iat: NOW + 30 }],
    ['without client', { client_id: undefined }],
  ])('accepts a token %s', (_what, changes) => {
    expect(check(changes)).toEqual({ outcome: 'valid', claims: claimsOf(changes) });
  });

  it.each<[string, Record<string, JsonValue | undefined>, string]>([
    ['another issuer', { iss: 'https://evil.example' }, 'wrong_issuer'],
    ['an issuer with a slash more', { iss: 'https://idp.example/' }, 'wrong_issuer'],
    ['an issuer that is null', { iss: null }, 'wrong_issuer'],
    ['a list of issuers', { iss: ['https://idp.example'] }, 'wrong_issuer'],
    ['no audience', { aud: undefined }, 'wrong_audience'],
    ['an audience that is null', { aud: null }, 'wrong_audience'],
    ['an empty list of audiences', { aud: [] }, 'wrong_audience'],
    ['another audience', { aud: 'https://other.example.com' }, 'wrong_audience'],
    ['a part of an audience', { aud: 'https://tasks.example.co' }, 'wrong_audience'],
    ['audiences in one text', { aud: `${AUDIENCE} tasks` }, 'wrong_audience'],
    ['an audience that is a number', { aud: 7 }, 'malformed_claim'],
    ['an audience that is an object', { aud: { tasks: true } }, 'malformed_claim'],
    ['a list with more than texts', { aud: [AUDIENCE, null] }, 'malformed_claim'],
    ['an expiry in the past', { exp: NOW - 30 }, 'expired'],
    ['an expiry of 0', { exp: 0 }, 'expired'],
    ['an expiry that is text', { exp: String(NOW + 300) }, 'malformed_claim'],
    ['an expiry that is null', { exp: null }, 'malformed_claim'],
    ['an expiry without end', { exp: Number.POSITIVE_INFINITY }, 'malformed_claim'],
    ['a begin in the future', { nbf: NOW + 31 }, 'not_yet_valid'],
    ['a begin that is text', { nbf: 'now' }, 'malformed_claim'],
    ['an issue time in the future', { iat: NOW + 31 }, 'issued_in_future'],
    ['an issue time that is a boolean', { iat: true }, 'malformed_claim'],
    ['neither subject nor client', { sub: undefined, client_id: undefined }, 'no_subject'],
    ['no subject and an empty client', { sub: undefined, client_id: '' }, 'no_subject'],
    ['an empty subject, which no client replaces', { sub: '' }, 'no_subject'],
    ['a subject that is null, which no client replaces', { sub: null }, 'malformed_claim'],
    ['a subject that is a number', { sub: 7 }, 'malformed_claim'],
    ['a client that is a list', { client_id: ['tasks-cli'] }, 'malformed_claim'],
    ['a client that is null', { client_id: null }, 'malformed_claim'],
    ['a jti that is a number', { jti: 7 }, 'malformed_claim'],
    ['the type of a refresh token', { token_type: 'refresh_token' }, 'wrong_type'],
    ['the type N_A', { token_type: 'N_A' }, 'wrong_type'],
    ['an empty type', { token_type: '' }, 'wrong_type'],
    ['the type of a MAC token', { token_type: 'mac' }, 'wrong_type'],
    ['a type that is null', { token_type: null }, 'malformed_claim'],
    ['a type that is a list', { token_type: ['Bearer'] }, 'malformed_claim'],
    ['the type DPoP and no key', { token_type: 'DPoP' }, 'malformed_claim'],
    ['the type DPoP and a null key', { token_type: 'DPoP', cnf: null }, 'malformed_claim'],
    [
      'the type DPoP and another binding',
      { token_type: 'DPoP', cnf: { 'x5t#S256': 'thumbprint' } },
      'malformed_claim',
    ],
  ])('refuses %s', (_what, changes, reason) => {
    expect(check(changes)).toEqual({ outcome: 'invalid', reason });
  });

  it('has the client as subject of a token without resource owner, and leaves the answer alone', () => {
    const claims = Object.freeze(claimsOf({ sub: undefined }));
    expect(checkIntrospectedClaims(claims, RULES, NOW)).toEqual({
      outcome: 'valid',
      claims: { ...claims, sub: 'tasks-cli' },
    });
    expect(claims).not.toHaveProperty('sub');
  });

  it('finds the audience where it is configured to be, and there alone', () => {
    const rules = { audience_claim: 'client_id', audiences: ['tasks-cli'] };
    expect(check({ aud: undefined }, rules)).toMatchObject({ outcome: 'valid' });
    expect(check({ aud: 'tasks-cli', client_id: 'other' }, rules)).toMatchObject({
      reason: 'wrong_audience',
    });
    expect(check({}, { audience_claim: 'constructor' })).toMatchObject({
      reason: 'wrong_audience',
    });
  });

  it('refuses a token older than it may be, and one that does not say how old it is', () => {
    const rules = { max_token_age_seconds: 60 };
    expect(check({ iat: NOW - 90 }, rules)).toMatchObject({ outcome: 'valid' });
    expect(check({ iat: NOW - 91 }, rules)).toMatchObject({ reason: 'too_old' });
    expect(check({ iat: undefined }, rules)).toMatchObject({ reason: 'no_issue_time' });
  });

  it('reads no claim from a prototype', () => {
    const claims: JsonObject = JSON.parse(
      `{"__proto__":{"sub":"root","aud":"tasks"},"client_id":"tasks-cli"}`,
    );
    expect(checkIntrospectedClaims(claims, RULES, NOW)).toMatchObject({ reason: 'wrong_audience' });
  });
});
