import { describe, expect, it } from 'vitest';
import { clientSecret, GATEWAY_JWT_KEY } from '../../../dev/identity-provider/clients.ts';
import { getToken } from '../../../dev/identity-provider/get-token.ts';
import { checkIntrospectedClaims } from '../../../src/authorizer/introspection/check-introspected-claims.ts';
import { createIntrospector } from '../../../src/authorizer/introspection/create-introspector.ts';
import type { IntrospectionSettings } from '../../../src/authorizer/introspection/settings.ts';
import { systemClock } from '../../../src/core/clock.ts';
import {
  basic,
  postForm,
  withIdentityProvider,
} from '../../dev/identity-provider/with-identity-provider.ts';
import { unavailable } from './support.ts';

const OPAQUE = 'https://opaque.example.com';
const idp = withIdentityProvider();

type Method = Partial<IntrospectionSettings>;
const BASIC: Method = {
  client_id: 'gateway',
  client_auth_method: 'client_secret_basic',
  client_secret: clientSecret('gateway'),
};
const POST: Method = {
  client_id: 'gateway-post',
  client_auth_method: 'client_secret_post',
  client_secret: clientSecret('gateway-post'),
};
const JWT: Method = {
  client_id: 'gateway-jwt',
  client_auth_method: 'private_key_jwt',
  client_key: JSON.stringify(GATEWAY_JWT_KEY),
};

function create() {
  const reasons: unknown[] = [];
  const log = (fields: Record<string, unknown>) => reasons.push(fields.reason);
  const introspector = createIntrospector({
    clock: systemClock,
    fetch: globalThis.fetch,
    logger: { info: log, warn: log, error: log },
  });
  const introspect = (token: string, changes: Method) =>
    introspector.introspect(
      token,
      {
        endpoint: `${idp.issuer}/token/introspection`,
        client_id: 'gateway',
        client_auth_method: 'client_secret_basic',
        cache_seconds: 0,
        ...changes,
      },
      5000,
    );
  return { introspect, reasons };
}

describe.each([
  ['client_secret_basic', BASIC],
  ['client_secret_post', POST],
  ['private_key_jwt', JWT],
])('the identity provider, asked with %s', (_name, method) => {
  it("tells a user's token, which is then accepted", async () => {
    const { introspect, reasons } = create();
    const token = await getToken(idp.issuer, { user: 'carol', resource: OPAQUE });
    const result = await introspect(token, method);
    expect(reasons).toEqual([]);
    expect(result).toMatchObject({
      outcome: 'active',
      claims: { sub: 'carol', client_id: 'tasks-cli', aud: OPAQUE, token_type: 'Bearer' },
    });
    const rules = { issuer: idp.issuer, audiences: [OPAQUE], leeway_seconds: 0 };
    const claims = result.outcome === 'active' ? result.claims : {};
    expect(checkIntrospectedClaims(claims, rules, Date.now() / 1000)).toEqual({
      outcome: 'valid',
      claims,
    });
  });

  it('answers as often as it is asked', async () => {
    const { introspect } = create();
    const token = await getToken(idp.issuer, { user: 'carol', resource: OPAQUE });
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await introspect(token, method)).toMatchObject({ outcome: 'active' });
    }
  });

  it('does not know a token that nobody issued', async () => {
    const { introspect, reasons } = create();
    expect(await introspect('nobody-issued-this', method)).toEqual({ outcome: 'inactive' });
    expect(reasons).toEqual([]);
  });
});

describe('the identity provider', () => {
  it('has the client as the subject of a machine', async () => {
    const { introspect } = create();
    const token = await getToken(idp.issuer, { client: 'nightly-batch', resource: OPAQUE });
    const result = await introspect(token, BASIC);
    const rules = { issuer: idp.issuer, audiences: [OPAQUE], leeway_seconds: 0 };
    const claims = result.outcome === 'active' ? result.claims : {};
    expect(claims).not.toHaveProperty('sub');
    expect(checkIntrospectedClaims(claims, rules, Date.now() / 1000)).toMatchObject({
      outcome: 'valid',
      claims: { sub: 'nightly-batch' },
    });
  });

  it('says when a token has been revoked', async () => {
    const { introspect } = create();
    const token = await getToken(idp.issuer, { user: 'carol', resource: OPAQUE });
    expect(await introspect(token, BASIC)).toMatchObject({ outcome: 'active' });
    const credentials = basic('tasks-cli', clientSecret('tasks-cli') ?? '');
    await postForm(`${idp.issuer}/token/revocation`, { token }, credentials);
    expect(await introspect(token, BASIC)).toEqual({ outcome: 'inactive' });
  });

  it.each<[string, Method]>([
    ['its endpoint', {}],
    ['its issuer', { client_assertion_audience: 'issuer' }],
    ['its token endpoint', { client_assertion_audience: 'issuer/token' }],
  ])('takes an assertion for %s', async (_what, { client_assertion_audience }) => {
    const { introspect } = create();
    const audience = client_assertion_audience?.replace('issuer', idp.issuer);
    const method = { ...JWT, client_assertion_audience: audience };
    expect(await introspect('nobody-issued-this', method)).toEqual({ outcome: 'inactive' });
  });

  it.each<[string, Method]>([
    ['a wrong secret', { ...BASIC, client_secret: 'wrong' }],
    ['an unknown client', { ...BASIC, client_id: 'nobody' }],
    ['another method', { ...JWT, client_id: 'gateway' }],
    [
      'an assertion for somebody else',
      { ...JWT, client_assertion_audience: 'https://other.example' },
    ],
  ])('refuses %s, and the log says so', async (_what, method) => {
    const { introspect, reasons } = create();
    expect(await introspect('nobody-issued-this', method)).toEqual(unavailable());
    expect(reasons).toEqual([
      expect.stringMatching(/^the endpoint refuses this gateway as a client with status 401/),
    ]);
  });
});
