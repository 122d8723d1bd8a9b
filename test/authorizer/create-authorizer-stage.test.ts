import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { REFUSALS } from '../../src/core/refusal.ts';
import {
  AUDIENCE,
  base64url,
  claimsOf,
  configOf,
  createHarness,
  createKey,
  goodToken,
  headerOf,
  hmacToken,
  ISSUER,
  JWKS_URI,
  keySet,
  NOW,
  OTHER_ISSUER,
  OTHER_JWKS_URI,
  reason,
  run,
  signToken,
  summary,
} from './support.ts';

const rsa = createKey('RS256', 'shared-kid');
const pss = createKey('PS256', 'pss');
const ec = createKey('ES256', 'ec');
const ec384 = createKey('ES384', 'ec384');
const ed = createKey('EdDSA', 'ed');
const stranger = createKey('RS256', 'shared-kid');
const otherIssuersKey = createKey('RS256', 'shared-kid');

const ANSWERS = {
  [JWKS_URI]: keySet(rsa, pss, ec, ec384, ed),
  [OTHER_JWKS_URI]: keySet(otherIssuersKey),
};
const ISSUERS = [
  { issuer: ISSUER, audiences: [AUDIENCE, 'second'], jwks_uri: JWKS_URI },
  { issuer: OTHER_ISSUER, audiences: ['other-audience'], jwks_uri: OTHER_JWKS_URI },
];

const publicPem = String(rsa.publicKey.export({ type: 'spki', format: 'pem' }));
const token = goodToken(rsa);
const [encodedHeader = '', encodedClaims = '', encodedSignature = ''] = token.split('.');

/** A token that a case changes in its claims. */
const claims = (changes: Record<string, unknown>) => goodToken(rsa, changes);
/** A token that a case changes in its header. */
const header = (changes: Record<string, unknown>, key = rsa) =>
  signToken(key, headerOf(key, changes), claimsOf());
/** A token signed over these very characters. */
const text = (headerText: string, claimsText: string) => signToken(rsa, headerText, claimsText);

const headerText = JSON.stringify(headerOf(rsa));
const claimsText = JSON.stringify(claimsOf());

const MALFORMED = 'the token is not a well-formed signed JWT';
const BAD_CLAIM = 'a claim is malformed';
const BAD_HEADER = 'the token header is not acceptable';
const WRONG_TYPE = 'the token is of another type';
const WRONG_ALGORITHM = 'the signature algorithm is not accepted';
const UNKNOWN_KEY = 'the signing key is not known';
const BAD_SIGNATURE = 'the signature is not valid';
const WRONG_AUDIENCE = 'the audience is not accepted';
const WRONG_ISSUER = 'the issuer is not accepted';
const BAD_ACTOR = 'the actor is malformed';
const BAD_BINDING = 'the confirmation of the token is malformed';

describe('the Authorization header', () => {
  const { authorize } = createHarness(configOf(), ANSWERS);

  it.each([
    ['no header', undefined, 'missing_token'],
    ['an empty header', '', 'missing_token'],
    ['Basic credentials', 'Basic YWxpY2U6c2VjcmV0', 'missing_token'],
    ['a scheme that merely begins like Bearer', `Bearertoken ${token}`, 'missing_token'],
    ['a token without a scheme', token, 'missing_token'],
    ['Bearer in lower case', `bearer ${token}`, 'authenticated'],
    ['several spaces after the scheme', `Bearer   ${token}`, 'authenticated'],
    ['Bearer alone', 'Bearer', 'invalid_request'],
    ['Bearer and a space', 'Bearer ', 'invalid_request'],
    ['a tab for the space', `Bearer\t${token}`, 'invalid_request'],
    ['a colon for the space', `Bearer: ${token}`, 'invalid_request'],
    ['a space inside the token', `Bearer ${encodedHeader} ${encodedClaims}`, 'invalid_request'],
    ['a trailing space', `Bearer ${token} `, 'invalid_request'],
    ['a trailing comma', `Bearer ${token},`, 'invalid_request'],
    ['two tokens in one value', `Bearer ${token} ${token}`, 'invalid_request'],
    ['two header values', `Bearer ${token}, Bearer ${token}`, 'invalid_request'],
    ['Basic before Bearer', `Basic YTpi, Bearer ${token}`, 'invalid_request'],
    ['Basic after Bearer', `Bearer ${token}, Basic YTpi`, 'invalid_request'],
    ['a quoted token', `Bearer "${token}"`, 'invalid_request'],
    ['a character beyond ASCII', `Bearer ${token}é`, 'invalid_request'],
    ['a line feed', `Bearer ${token}\n`, 'invalid_request'],
    ['padding in the middle', `Bearer a=${token}`, 'invalid_request'],
    ['a DPoP header', `DPoP ${token}`, 'invalid_token'],
    ['a DPoP header in lower case', `dpop ${token}`, 'invalid_token'],
    ['Basic before DPoP', `Basic YTpi, DPoP ${token}`, 'invalid_request'],
    ['a Bearer and a DPoP token', `Bearer ${token}, DPoP ${token}`, 'invalid_request'],
    ['a token of 100 KB', `Bearer ${'a'.repeat(100_000)}`, 'invalid_token'],
    ['100 KB of spaces', `Bearer ${' '.repeat(100_000)}`, 'invalid_token'],
    ['an opaque token', 'Bearer 2YotnFZFEjr1zCsicMWpAA', 'invalid_token'],
  ])('reads %s', async (_what, authorization, code) => {
    expect(summary(await authorize(authorization))).toBe(code);
  });
});

describe('a token', () => {
  const { present, requests } = createHarness(configOf({ issuers: ISSUERS }), ANSWERS);

  it.each([
    ['signed with RS256', token],
    ['signed with PS256', goodToken(pss)],
    ['signed with ES256', goodToken(ec)],
    ['signed with EdDSA', goodToken(ed)],
    [
      'of another issuer, with its own audience',
      signToken(
        otherIssuersKey,
        headerOf(otherIssuersKey),
        claimsOf({ iss: OTHER_ISSUER, aud: 'other-audience' }),
      ),
    ],
    ['with several audiences', claims({ aud: ['else', 'second'] })],
    ['expired within the leeway', claims({ exp: NOW - 29 })],
    ['valid from within the leeway', claims({ nbf: NOW + 30 })],
    ['issued ahead within the leeway', claims({ iat: NOW + 30 })],
    ['without iat', claims({ iat: undefined })],
    ['with fractional times', claims({ exp: NOW + 0.5, iat: NOW - 0.5 })],
    ['without typ', header({ typ: undefined })],
    ['of type JWT', header({ typ: 'JWT' })],
    ['of type application/at+JWT', header({ typ: 'application/at+JWT' })],
    ['that carries its own jwk, unused', header({ jwk: stranger.jwk })],
    ['with b64 true', header({ b64: true })],
    [
      'with a member called __proto__',
      text(headerText, claimsText.replace('{', '{"__proto__":{"admin":true},')),
    ],
    [
      'with equal names in different objects',
      claims({ a: { b: 1, c: [{ b: 1 }, { b: 1 }] }, b: 1 }),
    ],
  ])('%s is accepted', async (_what, accepted) => {
    expect(reason(await present(accepted))).toBe('authenticated');
  });

  it.each([
    // Form
    ['of one part', 'a', MALFORMED],
    ['of two parts', `${encodedHeader}.${encodedClaims}`, MALFORMED],
    ['of four parts', `${token}.a`, MALFORMED],
    ['of five parts, a JWE', 'a.b.c.d.e', MALFORMED],
    ['with an empty header', `.${encodedClaims}.${encodedSignature}`, MALFORMED],
    ['with an empty signature', `${encodedHeader}.${encodedClaims}.`, MALFORMED],
    ['with padding', `${token}==`, MALFORMED],
    ['in base64 instead of base64url', `${encodedHeader}.${encodedClaims}.ab+/`, MALFORMED],
    [
      'with stray bits at the end',
      `${token.slice(0, -1)}${nextCharacter(token.slice(-1))}`,
      MALFORMED,
    ],
    ['whose header is not JSON', text('nonsense', claimsText), MALFORMED],
    ['whose claims are not JSON', text(headerText, '{"iss":'), MALFORMED],
    ['whose claims are an array', text(headerText, '[]'), MALFORMED],
    ['whose claims are null', text(headerText, 'null'), MALFORMED],
    [
      'whose claims are not UTF-8',
      `${encodedHeader}.${base64url(Buffer.from([0x7b, 0xff, 0x7d]))}.${encodedSignature}`,
      MALFORMED,
    ],
    [
      'whose claims begin with a byte order mark',
      text(headerText, `\ufeff${claimsText}`),
      MALFORMED,
    ],
    [
      'with a claim given twice',
      text(headerText, claimsText.replace('{', '{"sub":"mallory",')),
      MALFORMED,
    ],
    [
      'with a claim given twice by an escape',
      text(headerText, claimsText.replace('{', '{"\\u0073ub":"mallory",')),
      MALFORMED,
    ],
    [
      'with a nested member given twice',
      text(headerText, claimsText.replace('{', '{"act":{"sub":"a","sub":"b"},')),
      MALFORMED,
    ],
    [
      'with a header member given twice',
      text(headerText.replace('{', '{"alg":"none",'), claimsText),
      MALFORMED,
    ],
    [
      'with an unpaired surrogate',
      text(headerText, claimsText.replace('alice"', 'alice\\ud800"')),
      MALFORMED,
    ],
    [
      'nested absurdly deep',
      text(headerText, claimsText.replace('{', `{"x":${'['.repeat(4000)}${']'.repeat(4000)},`)),
      MALFORMED,
    ],
    [
      'just over the bound',
      `${encodedHeader}.${'a'.repeat(16_384)}.${encodedSignature}`,
      'the token is too long',
    ],
    // Algorithm and key
    ['with alg none', signToken(rsa, headerOf(rsa, { alg: 'none' }), claimsOf()), WRONG_ALGORITHM],
    [
      'with alg none and no signature',
      `${base64url('{"alg":"none"}')}.${encodedClaims}.`,
      MALFORMED,
    ],
    ['with alg NONE', header({ alg: 'NONE' }), WRONG_ALGORITHM],
    [
      'with HS256 and the public key as the secret',
      hmacToken(publicPem, headerOf(rsa, { alg: 'HS256' }), claimsOf()),
      WRONG_ALGORITHM,
    ],
    ['with an algorithm off the list', goodToken(ec384), WRONG_ALGORITHM],
    ['without alg', header({ alg: undefined }), WRONG_ALGORITHM],
    ['whose alg is a list', header({ alg: ['RS256'] }), WRONG_ALGORITHM],
    ['whose alg is a prototype member', header({ alg: 'constructor' }), WRONG_ALGORITHM],
    ['whose alg is not that of its key', header({ alg: 'PS256' }), UNKNOWN_KEY],
    ['whose alg needs another type of key', header({ alg: 'ES256' }), UNKNOWN_KEY],
    ['with an unknown kid', header({ kid: 'unknown' }), UNKNOWN_KEY],
    ['whose kid is a number', header({ kid: 1 }), BAD_HEADER],
    ['whose kid is null', header({ kid: null }), BAD_HEADER],
    ['signed by a stranger with a known kid', goodToken(stranger), BAD_SIGNATURE],
    ['signed by a stranger without a kid', header({ kid: undefined }, stranger), UNKNOWN_KEY],
    [
      'with the stranger’s key embedded as jwk',
      header({ jwk: stranger.jwk }, stranger),
      BAD_SIGNATURE,
    ],
    [
      'with a jku to the stranger’s keys',
      header({ jku: 'https://evil.example/keys' }, stranger),
      BAD_SIGNATURE,
    ],
    ['with an x5u', header({ x5u: 'https://evil.example/cert' }, stranger), BAD_SIGNATURE],
    ['with an x5c', header({ x5c: ['MIIB'] }, stranger), BAD_SIGNATURE],
    [
      'whose claims were changed',
      `${encodedHeader}.${base64url(JSON.stringify(claimsOf({ sub: 'root' })))}.${encodedSignature}`,
      BAD_SIGNATURE,
    ],
    [
      'whose signature is cut',
      `${encodedHeader}.${encodedClaims}.${encodedSignature.slice(0, 100)}`,
      BAD_SIGNATURE,
    ],
    // Header
    ['with an unknown crit', header({ crit: ['exp'], exp: 1 }), BAD_HEADER],
    ['with crit b64', header({ crit: ['b64'], b64: true }), BAD_HEADER],
    ['with an empty crit', header({ crit: [] }), BAD_HEADER],
    ['with an unencoded payload', header({ crit: ['b64'], b64: false }), BAD_HEADER],
    ['with b64 false and no crit', header({ b64: false }), BAD_HEADER],
    ['that is a DPoP proof', header({ typ: 'dpop+jwt' }), WRONG_TYPE],
    ['that is a logout token', header({ typ: 'logout+jwt' }), WRONG_TYPE],
    ['that is a security event', header({ typ: 'application/secevent+jwt' }), WRONG_TYPE],
    ['that says it is a JWE', header({ typ: 'JWE' }), WRONG_TYPE],
    ['whose typ is a number', header({ typ: 1 }), WRONG_TYPE],
    ['whose typ is null', header({ typ: null }), WRONG_TYPE],
    // Issuer
    ['without iss', claims({ iss: undefined }), WRONG_ISSUER],
    ['of an unknown issuer', claims({ iss: 'https://evil.example' }), WRONG_ISSUER],
    ['whose iss has a trailing slash', claims({ iss: `${ISSUER}/` }), WRONG_ISSUER],
    ['whose iss differs in case', claims({ iss: 'https://IDP.example' }), WRONG_ISSUER],
    ['whose iss is a list', claims({ iss: [ISSUER] }), WRONG_ISSUER],
    [
      'of one issuer with the other’s key of the same kid',
      goodToken(otherIssuersKey),
      BAD_SIGNATURE,
    ],
    [
      'of the other issuer with this one’s key of the same kid',
      claims({ iss: OTHER_ISSUER, aud: 'other-audience' }),
      BAD_SIGNATURE,
    ],
    [
      'of the other issuer with this one’s audience',
      signToken(otherIssuersKey, headerOf(otherIssuersKey), claimsOf({ iss: OTHER_ISSUER })),
      WRONG_AUDIENCE,
    ],
    // Audience
    ['of another audience', claims({ aud: 'https://tasks.example.com.evil' }), WRONG_AUDIENCE],
    ['without aud', claims({ aud: undefined }), WRONG_AUDIENCE],
    ['with no audience in the list', claims({ aud: [] }), WRONG_AUDIENCE],
    ['whose aud is an object', claims({ aud: { [AUDIENCE]: true } }), BAD_CLAIM],
    ['whose aud is a number', claims({ aud: 1 }), BAD_CLAIM],
    ['whose aud lists a number', claims({ aud: [AUDIENCE, 1] }), BAD_CLAIM],
    // Time
    ['that has expired', claims({ exp: NOW - 31 }), 'the token has expired'],
    ['that expires at the end of the leeway', claims({ exp: NOW - 30 }), 'the token has expired'],
    ['without exp', claims({ exp: undefined }), 'the token has no expiry'],
    ['whose exp is a string', claims({ exp: String(NOW + 300) }), BAD_CLAIM],
    ['whose exp is null', claims({ exp: null }), BAD_CLAIM],
    [
      'whose exp is beyond all numbers',
      text(headerText, claimsText.replace(String(NOW + 300), '1e999')),
      BAD_CLAIM,
    ],
    ['not valid yet', claims({ nbf: NOW + 31 }), 'the token is not valid yet'],
    ['whose nbf is a boolean', claims({ nbf: true }), BAD_CLAIM],
    ['issued in the future', claims({ iat: NOW + 31 }), 'the token was issued in the future'],
    ['whose iat is an object', claims({ iat: {} }), BAD_CLAIM],
    // Subject and the rest
    ['without sub', claims({ sub: undefined }), 'the token has no subject'],
    ['with an empty sub', claims({ sub: '' }), 'the token has no subject'],
    ['whose sub is a number', claims({ sub: 7 }), BAD_CLAIM],
    ['whose sub is null', claims({ sub: null }), BAD_CLAIM],
    ['whose jti is a number', claims({ jti: 7 }), BAD_CLAIM],
    ['whose email is a list', claims({ email: ['a@example.com'] }), BAD_CLAIM],
    ['whose scope is a number', claims({ scope: 7 }), BAD_CLAIM],
    ['whose scope lists a number', claims({ scope: ['tasks:read', 7] }), BAD_CLAIM],
    ['whose scp is an object', claims({ scope: undefined, scp: {} }), BAD_CLAIM],
    ['whose act is a string', claims({ act: 'agent' }), BAD_ACTOR],
    ['whose act is null', claims({ act: null }), BAD_ACTOR],
    ['whose act is a list', claims({ act: [{ sub: 'agent' }] }), BAD_ACTOR],
    ['whose act has no sub', claims({ act: { client_id: 'agent' } }), BAD_ACTOR],
    ['whose act has an empty sub', claims({ act: { sub: '' } }), BAD_ACTOR],
    ['whose act has a numeric sub', claims({ act: { sub: 7 } }), BAD_ACTOR],
    ['whose act has a numeric iss', claims({ act: { sub: 'agent', iss: 7 } }), BAD_ACTOR],
    ['bound to what is no thumbprint', claims({ cnf: { jkt: 'thumbprint' } }), BAD_BINDING],
    ['with a cnf of null', claims({ cnf: null }), BAD_BINDING],
  ])('%s is refused', async (_what, refused, description) => {
    const outcome = await present(refused);
    expect(summary(outcome)).toBe('invalid_token');
    expect(reason(outcome)).toBe(description);
  });

  it('never fetches what a token points at', () => {
    expect(new Set(requests)).toEqual(new Set([JWKS_URI, OTHER_JWKS_URI]));
  });
});

describe('required_typ', () => {
  const issuers = [
    { issuer: ISSUER, audiences: [AUDIENCE], jwks_uri: JWKS_URI, required_typ: 'at+jwt' },
  ];
  const { present } = createHarness(configOf({ issuers }), ANSWERS);

  it.each([
    ['at+jwt', 'authenticated'],
    ['AT+JWT', 'authenticated'],
    ['application/at+jwt', 'authenticated'],
    ['JWT', WRONG_TYPE],
    ['text/at+jwt', WRONG_TYPE],
    [undefined, WRONG_TYPE],
  ])('at+jwt meets a typ of %s', async (typ, result) => {
    expect(reason(await present(header({ typ })))).toBe(result);
  });
});

describe('max_token_age_seconds', () => {
  const { present } = createHarness(configOf({ max_token_age_seconds: 60 }), ANSWERS);

  it.each([
    ['issued 60 seconds and the leeway ago', NOW - 90, 'authenticated'],
    ['issued longer ago', NOW - 91, 'the token was issued too long ago'],
    ['that does not say when it was issued', undefined, 'the token has no issue time'],
  ])('judges a token %s', async (_what, iat, result) => {
    expect(reason(await present(claims({ iat })))).toBe(result);
  });
});

describe('required_scopes', () => {
  const { present } = createHarness(
    configOf({ required_scopes: ['tasks:read', 'tasks:write'] }),
    ANSWERS,
  );

  it.each([
    ['a scope string', { scope: 'tasks:write other tasks:read' }],
    ['a scope list', { scope: ['tasks:read', 'tasks:write'] }],
    ['a scp list', { scope: undefined, scp: ['tasks:read', 'tasks:write'] }],
    ['a scp string', { scope: undefined, scp: 'tasks:read tasks:write' }],
  ])('are found in %s', async (_what, changes) => {
    expect(summary(await present(claims(changes)))).toBe('authenticated');
  });

  it.each([
    ['one is missing', { scope: 'tasks:read' }],
    ['one is merely a prefix', { scope: 'tasks:read tasks:write:none' }],
    ['there are none', { scope: undefined }],
    ['two are written as one', { scope: ['tasks:read tasks:write'] }],
  ])('are all asked for in the challenge when %s', async (_what, changes) => {
    expect(await present(claims(changes))).toEqual({
      outcome: 'refuse',
      refusal: {
        code: 'insufficient_scope',
        detail: 'the token lacks a required scope',
        challenge: {
          realm: 'api',
          error: 'insufficient_scope',
          error_description: 'the token lacks a required scope',
          scope: 'tasks:read tasks:write',
        },
      },
    });
  });
});

describe('required_claims', () => {
  const required = (claim: string, ...any_of: string[]) =>
    createHarness(configOf({ required_claims: [{ claim, any_of }] }), ANSWERS);

  it.each([
    ['a string', 'tenant', ['a', 'b'], { tenant: 'b' }],
    ['an element of a list', 'groups', ['staff'], {}],
    ['a number', 'level', ['3'], { level: 3 }],
    ['a boolean', 'mfa', ['true'], { mfa: true }],
    ['a nested claim', '/realm_access/roles', ['admin'], { realm_access: { roles: ['admin'] } }],
    ['an e-mail address', 'email', ['alice@example.com'], { email_verified: true }],
  ])('are met by %s', async (_what, claim, any_of, changes) => {
    expect(summary(await required(claim, ...any_of).present(claims(changes)))).toBe(
      'authenticated',
    );
  });

  it.each([
    ['another value', 'tenant', ['a'], { tenant: 'b' }],
    ['an absent claim', 'tenant', ['undefined'], {}],
    ['a prototype member', 'constructor', ['Object'], {}],
    ['null', 'tenant', ['null'], { tenant: null }],
    ['an object', 'tenant', ['[object Object]'], { tenant: {} }],
    ['a list in a list', 'tenant', ['a'], { tenant: [['a']] }],
    ['an integer that parsing rounded', 'level', ['9007199254740992'], { level: 2 ** 53 }],
    ['an unverified e-mail address', 'email', ['alice@example.com'], { email_verified: false }],
    [
      'an unverified e-mail address by pointer',
      '/email',
      ['alice@example.com'],
      { email_verified: 'true' },
    ],
  ])('are not met by %s', async (_what, claim, any_of, changes) => {
    expect(await required(claim, ...any_of).present(claims(changes))).toEqual({
      outcome: 'refuse',
      refusal: { code: 'claim_mismatch', detail: `the claim ${claim} has no accepted value` },
    });
  });
});

describe('challenges', () => {
  const { authorize } = createHarness(configOf({ realm: 'tasks' }), ANSWERS);

  it('names the realm alone when there is no token', async () => {
    expect(await authorize()).toEqual({
      outcome: 'refuse',
      refusal: { code: 'missing_token', challenge: { realm: 'tasks' } },
    });
  });

  it.each([
    ['Bearer', 'invalid_request', 400],
    ['Bearer opaque', 'invalid_token', 401],
    [`Bearer ${claims({ exp: NOW - 100, sub: 'secret-subject' })}`, 'invalid_token', 401],
    [`DPoP ${token}`, 'invalid_token', 401],
  ] as const)('name the error without a word of the token', async (authorization, code, status) => {
    const outcome = await authorize(authorization);
    if (outcome.outcome !== 'refuse') throw new Error('not refused');
    expect(outcome.refusal.code).toBe(code);
    expect(REFUSALS[outcome.refusal.code].status).toBe(status);
    expect(outcome.refusal.challenge).toMatchObject({ realm: 'tasks', error: code });
    expect(outcome.refusal.challenge?.error_description).toMatch(
      /^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/,
    );
    expect(JSON.stringify(outcome)).not.toMatch(/secret-subject|opaque|eyJ/);
  });
});

describe('allow_anonymous', () => {
  const { authorize } = createHarness(configOf({ allow_anonymous: true }), ANSWERS);

  it.each([
    ['without a token', undefined, 'anonymous'],
    ['with Basic credentials', 'Basic YTpi', 'anonymous'],
    ['with a malformed header', 'Bearer', 'invalid_request'],
    ['with a bad token', 'Bearer opaque', 'invalid_token'],
    ['with a DPoP header', `DPoP ${token}`, 'invalid_token'],
    ['with a good token', `Bearer ${token}`, 'authenticated'],
  ])('judges a request %s', async (_what, authorization, result) => {
    expect(summary(await authorize(authorization))).toBe(result);
  });

  it('still keeps the client from setting the headers of an identity', async () => {
    const spoofed = { 'x-authenticated-subject': 'alice', 'x-authenticated-email': '' };
    const outcome = await authorize(undefined, spoofed);
    if (outcome.outcome !== 'continue') throw new Error('refused');
    expect(outcome.remove_headers).toContain('x-authenticated-subject');
    expect(outcome.remove_headers).toContain('x_authenticated_email');
    expect(outcome.set_headers).toBeUndefined();
    expect(outcome.authenticated_groups).toBeUndefined();
  });
});

describe('a request that goes on', () => {
  it('carries the identity, its groups and its headers', async () => {
    const { present } = createHarness(configOf(), ANSWERS);
    expect(await present(token)).toEqual({
      outcome: 'continue',
      remove_headers: [],
      set_headers: {
        'X-Authenticated-Subject': 'alice',
        'X-Authenticated-Email': 'alice@example.com',
      },
      authenticated_groups: ['qa-leads', 'staff'],
      handoff: {
        authenticated_identity: {
          outcome: 'authenticated',
          identity: {
            subject: 'alice',
            issuer: ISSUER,
            email: 'alice@example.com',
            groups: ['qa-leads', 'staff'],
            scopes: ['tasks:read', 'tasks:write'],
            actor: null,
            claims: claimsOf(),
          },
          token: {
            jti: 'token-1',
            fingerprint: createHash('sha256').update(token).digest('hex').slice(0, 16),
          },
        },
      },
    });
  });

  it('keeps Authorization unless hide_credentials is set', async () => {
    const hiding = createHarness(configOf({ hide_credentials: true, claim_headers: {} }), ANSWERS);
    const keeping = createHarness(configOf({ claim_headers: {} }), ANSWERS);
    expect(await hiding.present(token)).toMatchObject({ remove_headers: ['authorization'] });
    expect(await keeping.present(token)).toMatchObject({ remove_headers: [] });
  });

  it('is refused where it asks for headers to be dropped on the way', async () => {
    const { present } = createHarness(configOf(), ANSWERS);
    const outcome = await present(token, { connection: 'close, X-Authenticated-Subject' });
    expect(summary(outcome)).toBe('invalid_request');
  });

  it.each(['alice', ''])("loses a client's header of value %j in every spelling", async (value) => {
    const { present } = createHarness(configOf(), ANSWERS);
    expect(await present(token, { 'x-authenticated-subject': value })).toMatchObject({
      remove_headers: [
        'x-authenticated-subject',
        'x_authenticated-subject',
        'x-authenticated_subject',
        'x_authenticated_subject',
      ],
    });
  });

  it.each([
    ['authenticated', true],
    ['anonymous', false],
  ])("loses a client's token for Cloud Run in every spelling when %s", async (_, authenticated) => {
    const { stage } = createHarness(configOf({ allow_anonymous: true }), ANSWERS);
    const headers = {
      'x-serverless-authorization': 'Bearer forged',
      ...(authenticated ? { authorization: `Bearer ${token}` } : {}),
    };
    expect(await stage.run({ headers })).toMatchObject({
      outcome: 'continue',
      remove_headers: [
        'x-serverless-authorization',
        'x_serverless-authorization',
        'x-serverless_authorization',
        'x_serverless_authorization',
      ],
    });
  });

  it('reads groups from a nested claim', async () => {
    const { present } = createHarness(configOf({ groups_claim: '/realm_access/roles' }), ANSWERS);
    const outcome = await present(claims({ realm_access: { roles: ['admin'] } }));
    expect(outcome).toMatchObject({ authenticated_groups: ['admin'] });
  });
});

describe('createAuthorizerStage', () => {
  it('needs the headers that the chain sets and what a proof of possession needs, and nothing else', () => {
    const { stage } = createHarness(configOf(), ANSWERS);
    expect(stage.needs()).toEqual({
      attributes: ['client_certificate'],
      headers: [
        'authorization',
        'connection',
        'x-authenticated-subject',
        'x-authenticated-email',
        'x-serverless-authorization',
        'proxy-authorization',
        'x-goog-authenticated-user-email',
        'x-goog-authenticated-user-id',
        'x-goog-iap-jwt-assertion',
        'x-apigateway-api-userinfo',
        'x-endpoint-api-userinfo',
        'x-forwarded-authorization',
        'x-authenticated-issuer',
        'x-consumer-id',
        'x-consumer-custom-id',
        'x-consumer-username',
        'x-consumer-groups',
        'x-authenticated-groups',
        'x-authenticated-userid',
        'x-authenticated-scope',
        'x-credential-identifier',
        'x-credential-username',
        'x-anonymous-consumer',
        'dpop',
      ],
      handoff: [],
      exact_headers: [],
      with_header: { header: 'dpop', attributes: ['method', 'request_uri', 'forwarded_origin'] },
    });
  });

  it('throws where the headers were not fetched, so that no token is never taken for anonymous', async () => {
    const { stage } = createHarness(configOf({ allow_anonymous: true }), ANSWERS);
    expect(() => stage.run({})).toThrow();
  });

  it('asks for no keys before a token names a configured issuer and an accepted algorithm', async () => {
    const { stage, requests } = createHarness(configOf(), ANSWERS);
    await run(stage, `Bearer ${claims({ iss: 'https://evil.example' })}`);
    await run(stage, `Bearer ${header({ alg: 'none' })}`);
    await run(stage, `Bearer ${header({ typ: 'dpop+jwt' })}`);
    expect(requests).toEqual([]);
  });
});

/** The base64url character that differs in the lowest bit, which the last character of these tokens does not use. */
function nextCharacter(character: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(character) ^ 1] ?? '';
}
