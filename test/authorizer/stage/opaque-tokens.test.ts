import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/core/config-error.ts';
import { countCacheResults } from '../../core/count-cache-results.ts';
import {
  type Answer,
  AUDIENCE,
  claimsOf,
  configOf,
  createHarness,
  createKey,
  goodToken,
  ISSUER,
  JWKS_URI,
  json,
  keySet,
  NOW,
  reason,
  summary,
} from '../support.ts';

const key = createKey('ES256', 'key');
const ENDPOINT = 'https://idp.example/introspect';
const OPAQUE = '2YotnFZFEjr1zCsicMWpAA';

function issuerOf(introspection: Record<string, unknown> = {}) {
  return {
    issuer: ISSUER,
    audiences: [AUDIENCE],
    jwks_uri: JWKS_URI,
    introspection: {
      endpoint: ENDPOINT,
      client_id: 'gateway',
      client_secret: 'a secret',
      ...introspection,
    },
  };
}

function setUp(answer: Answer, issuer: Record<string, unknown> = issuerOf()) {
  const answers = { [JWKS_URI]: keySet(key), [ENDPOINT]: answer };
  return createHarness(configOf({ issuers: [issuer] }), answers);
}

const active = (changes: Record<string, unknown> = {}) =>
  json({ active: true, ...claimsOf(changes) });
const inactive = json({ active: false });

describe('an opaque token', () => {
  it('is what the issuer says of it', async () => {
    const { present, requests } = setUp(active());
    const outcome = await present(OPAQUE);
    expect(outcome).toMatchObject({
      outcome: 'continue',
      set_headers: { 'X-Authenticated-Subject': 'alice' },
      authenticated_groups: ['qa-leads', 'staff'],
      handoff: {
        authenticated_identity: { token: { fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) } },
      },
    });
    expect(requests).toEqual([ENDPOINT]);
  });

  it('is asked about once, and then decided about without waiting', async () => {
    const { stage, present, requests } = setUp(active());
    const first = await present(OPAQUE);
    const outcome = stage.run({ headers: { authorization: `Bearer ${OPAQUE}` } });
    expect(outcome).not.toBeInstanceOf(Promise);
    expect(await outcome).toEqual(first);
    expect(requests).toHaveLength(1);
  });

  it('is asked about again after cache_seconds', async () => {
    const { present, advance, answers, requests } = setUp(active());
    await present(OPAQUE);
    answers[ENDPOINT] = inactive;
    advance(29);
    expect(summary(await present(OPAQUE))).toBe('authenticated');
    advance(2);
    expect(reason(await present(OPAQUE))).toBe('the token is not active');
    expect(requests).toHaveLength(2);
  });

  it.each([
    ['not active', inactive, 'the token is not active'],
    ['for another audience', active({ aud: 'else' }), 'the audience is not accepted'],
    ['for no audience', active({ aud: undefined }), 'the audience is not accepted'],
    ['of another issuer', active({ iss: 'https://evil.example' }), 'the issuer is not accepted'],
    ['expired all the same', active({ exp: NOW - 31 }), 'the token has expired'],
    ['without a subject', active({ sub: undefined }), 'the token has no subject'],
    ['bound to a key', active({ cnf: { jkt: 'x' } }), 'the confirmation of the token is malformed'],
    ['not said to be active', json(claimsOf()), 'introspection_unavailable'],
    ['active as a text', json({ active: 'true', ...claimsOf() }), 'introspection_unavailable'],
    ['answered with an error', json({}, 500), 'introspection_unavailable'],
  ] satisfies [string, Answer, string][])('is refused where it is %s', async (_, answer, why) => {
    expect(reason(await setUp(answer).present(OPAQUE))).toBe(why);
  });

  it('has the client for its subject where there is no user', async () => {
    const { present } = setUp(active({ sub: undefined, client_id: 'batch' }));
    expect(await present(OPAQUE)).toMatchObject({
      set_headers: { 'X-Authenticated-Subject': 'batch' },
    });
  });

  it('is judged by the audience claim of the issuer', async () => {
    const answer = active({ aud: undefined, client_id: 'app' });
    const judged = async (audience_claim: string) => {
      const issuer = { ...issuerOf(), audiences: ['app'], audience_claim };
      return summary(await setUp(answer, issuer).present(OPAQUE));
    };
    expect(await judged('client_id')).toBe('authenticated');
    expect(await judged('aud')).toBe('invalid_token');
  });

  it.each(['a.b.c', 'a.b', 'a.b.c.d.e'])('may look like %s', async (token) => {
    expect(summary(await setUp(active()).present(token))).toBe('authenticated');
  });

  it('is not asked about where it names an issuer that is not configured', async () => {
    const { present, requests } = setUp(active());
    expect(reason(await present(goodToken(key, { iss: 'https://evil.example' })))).toBe(
      'the issuer is not accepted',
    );
    expect(requests).toEqual([]);
  });
});

describe('a token that only a lenient reader takes for a JWT', () => {
  const token = goodToken(key);
  it.each([
    ['with padding', `${token}=`],
    ['with other unused bits', token.slice(0, -1) + otherEnd(token)],
    ['with a member twice', twice(token)],
    ['without a signature', token.replace(/[^.]+$/, 'x')],
  ])('%s is not taken for an opaque one', async (_, text) => {
    const { present, requests } = setUp(active());
    expect(summary(await present(text))).toBe('invalid_token');
    expect(requests).toEqual([]);
  });
});

describe('a token of another kind', () => {
  it.each([
    ['a refresh token, by token_use', { token_use: 'refresh_token' }],
    ['a refresh token, by token_use and type', { token_use: 'refresh', token_type: 'Bearer' }],
    ['a refresh token, by typ', { typ: 'Refresh' }],
    ['an offline token', { typ: 'Offline' }],
    ['an ID token', { token_use: 'id', typ: 'ID' }],
    ['one whose type is no type', { token_type: 'N_A' }],
  ])('is refused although it is active: %s', async (_, claims) => {
    expect(reason(await setUp(active(claims)).present(OPAQUE))).toBe(
      'the token is of another type',
    );
  });

  it.each([{ token_use: 'access_token' }, { token_use: 'access' }, { typ: 'Bearer' }])(
    'is not one that says %j',
    async (claims) => {
      expect(summary(await setUp(active(claims)).present(OPAQUE))).toBe('authenticated');
    },
  );
});

describe('a JWT', () => {
  it('is not shown to the issuer unless all tokens are', async () => {
    const { present, requests } = setUp(inactive);
    expect(summary(await present(goodToken(key)))).toBe('authenticated');
    expect(requests).toEqual([JWKS_URI]);
  });

  it('is refused once the issuer has revoked it, where all tokens are', async () => {
    const { present, advance, answers } = setUp(active(), issuerOf({ tokens: 'all' }));
    const token = goodToken(key);
    expect(summary(await present(token))).toBe('authenticated');
    answers[ENDPOINT] = inactive;
    expect(summary(await present(token))).toBe('authenticated');
    advance(31);
    expect(reason(await present(token))).toBe('the token is not active');
  });

  it.each([
    ['another subject', { sub: 'bob' }],
    ['another issuer', { iss: 'https://evil.example' }],
    ['a key it is bound to', { cnf: { jkt: 'x' } }],
    ['an end that has passed', { exp: NOW }],
    ['another kind of token', { token_use: 'refresh' }],
  ])('is refused where the answer about it tells %s', async (_, changes) => {
    const { present } = setUp(active(changes), issuerOf({ tokens: 'all' }));
    expect(reason(await present(goodToken(key)))).toBe('the token is not active');
  });

  it('is not shown before its signature is verified', async () => {
    const { present, requests } = setUp(active(), issuerOf({ tokens: 'all' }));
    const forged = `${goodToken(key).slice(0, -8)}AAAAAAAA`;
    expect(summary(await present(forged))).toBe('invalid_token');
    expect(requests).toEqual([JWKS_URI]);
  });

  it('is decided about without waiting where both are known', async () => {
    const { stage, present } = setUp(active(), issuerOf({ tokens: 'all' }));
    const token = goodToken(key);
    await present(token);
    const counted = countCacheResults('introspections');
    const outcome = stage.run({ headers: { authorization: `Bearer ${token}` } });
    expect(outcome).not.toBeInstanceOf(Promise);
    expect(counted()).toEqual({ hit: 1 });
  });
});

it('refuses a configuration whose key for introspection is none', () => {
  const settings = { client_auth_method: 'private_key_jwt', client_key: 'no key' };
  expect(() => setUp(active(), issuerOf(settings))).toThrow(ConfigError);
});

/** The last character of an ES256 signature has bits that mean nothing. */
function otherEnd(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(token.at(-1) ?? '') ^ 1] ?? '';
}

function twice(token: string): string {
  const [header, claims = '', signature] = token.split('.');
  const text = Buffer.from(claims, 'base64url').toString().replace('{', '{"sub":"bob",');
  return [header, Buffer.from(text).toString('base64url'), signature].join('.');
}
