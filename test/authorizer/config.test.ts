import { describe, expect, it } from 'vitest';
import { authorizerFields } from '../../src/authorizer/config.ts';
import { toKongSchema } from '../../src/core/config/kong-schema.ts';
import { parseConfig } from '../../src/core/config/parse-config.ts';
import { ConfigError } from '../../src/core/config-error.ts';
import { AUDIENCE, configOf, ISSUER } from './support.ts';

const issuer = (changes: Record<string, unknown> = {}) => ({
  issuers: [{ issuer: ISSUER, audiences: [AUDIENCE], ...changes }],
});

function introspecting(changes: Record<string, unknown> = {}) {
  const introspection = {
    endpoint: 'https://idp.example/introspect',
    client_id: 'gateway',
    client_secret: 'secret',
    ...changes,
  };
  return issuer({ introspection });
}

function certificateFrom(address: string) {
  return { client_certificate: { header: 'X-Cert', trusted_ips: [address] } };
}

describe('authorizerFields', () => {
  it('has strict defaults', () => {
    expect(parseConfig(authorizerFields, issuer())).toEqual({
      issuers: [
        {
          issuer: ISSUER,
          audiences: [AUDIENCE],
          audience_claim: 'aud',
          require_email_verified: false,
          algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
        },
      ],
      leeway_seconds: 30,
      required_scopes: [],
      required_claims: [],
      groups_claim: 'groups',
      claim_headers: { sub: 'X-Authenticated-Subject', email: 'X-Authenticated-Email' },
      proof_of_possession: 'bound',
      dpop: {
        algorithms: ['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256'],
        max_age_seconds: 60,
        require_nonce: false,
      },
      required_acr: [],
      run_on_preflight: true,
      allow_anonymous: false,
      hide_credentials: false,
      realm: 'api',
      timeout_ms: 3000,
      jwks_cache_seconds: 600,
      jwks_max_stale_seconds: 86_400,
      jwks_cooldown_seconds: 30,
    });
  });

  it('has a Kong schema in which every field is described', () => {
    const schema = toKongSchema(authorizerFields);
    expect(schema.flatMap(Object.values)).toSatisfy((fields: { description?: string }[]) =>
      fields.every(({ description }) => description !== undefined && description !== ''),
    );
    expect(schema[0]).toMatchObject({ issuers: { type: 'array', required: true } });
  });

  it.each([
    ['no issuer', { issuers: [] }],
    ['an http issuer', issuer({ issuer: 'http://idp.example' })],
    ['an issuer with a query', issuer({ issuer: `${ISSUER}?tenant=a` })],
    ['an issuer with a fragment', issuer({ issuer: `${ISSUER}#a` })],
    ['an issuer with user information', issuer({ issuer: 'https://user@idp.example' })],
    ['one issuer twice', { issuers: [...issuer().issuers, ...issuer().issuers] }],
    ['no audience', issuer({ audiences: [] })],
    ['missing audiences', issuer({ audiences: undefined })],
    ['an empty audience', issuer({ audiences: [''] })],
    ['an http jwks_uri', issuer({ jwks_uri: 'http://idp.example/keys' })],
    ['HS256', issuer({ algorithms: ['RS256', 'HS256'] })],
    ['alg none', issuer({ algorithms: ['none'] })],
    ['no algorithm', issuer({ algorithms: [] })],
    ['a required_typ that is no media type', issuer({ required_typ: 'at jwt' })],
    ['a field that does not exist', issuer({ introspect: {} })],
    ['introspection without its settings', issuer({ introspection: {} })],
    ['introspection without a secret', introspecting({ client_secret: undefined })],
    ['introspection without a key', introspecting({ client_auth_method: 'private_key_jwt' })],
    ['introspection over http', introspecting({ endpoint: 'http://idp.example/introspect' })],
    [
      'introspection at two issuers, which would show tokens to both',
      {
        issuers: [
          ...introspecting().issuers,
          { ...introspecting().issuers[0], issuer: 'https://second.example' },
        ],
      },
    ],
    ['a negative leeway', { leeway_seconds: -1 }],
    ['a leeway over five minutes', { leeway_seconds: 301 }],
    ['a scope with a space', { required_scopes: ['a b'] }],
    ['a scope with a quote', { required_scopes: ['a"b'] }],
    ['a required claim without values', { required_claims: [{ claim: 'a', any_of: [] }] }],
    ['a realm with a quote', { realm: 'a"b' }],
    ['a realm with a backslash', { realm: 'a\\b' }],
    ['a realm with a line feed', { realm: 'a\nb' }],
    ['a claim header with a space', { claim_headers: { sub: 'X User' } }],
    ['a claim header that HTTP uses', { claim_headers: { sub: 'Host' } }],
    [
      'a claim header that folds to one that HTTP uses',
      { claim_headers: { sub: 'content_length' } },
    ],
    ['a claim header Authorization', { claim_headers: { sub: 'authorization' } }],
    ['a claim header Cookie', { claim_headers: { sub: 'Cookie' } }],
    ['a claim header for Cloud Run', { claim_headers: { sub: 'X_Serverless-Authorization' } }],
    ['a claim header with too many spellings', { claim_headers: { sub: 'A-B-C-D-E-F-G' } }],
    ['a claim header twice', { claim_headers: { sub: 'X-User-Id', uid: 'x_user_ID' } }],
    ['a field of another stage', { policy_file: 'policy.yaml' }],
    ['no proof of possession', { proof_of_possession: 'off' }],
    ['an HMAC for DPoP proofs', { dpop: { algorithms: ['HS256'] } }],
    ['an origin with a path', { dpop: { origins: ['https://a.example/b'] } }],
    ['no origin', { dpop: { origins: [] } }],
    [
      'a certificate header with too many hyphens',
      { client_certificate: { header: 'A-B-C-D-E-F-G', trusted_ips: ['10.0.0.1'] } },
    ],
    ['a short nonce secret', { dpop: { nonce_secret: 'short' } }],
    ['a certificate from anyone', { client_certificate: { header: 'X-Cert', trusted_ips: [] } }],
    ['a certificate from no address', certificateFrom('proxy.example')],
    ['a certificate from no block', certificateFrom('10.0.0.0/33')],
    ['a certificate from half a block', certificateFrom('10.0.0.0/')],
    [
      'a certificate in the credentials',
      { client_certificate: { header: 'Authorization', trusted_ips: ['10.0.0.1'] } },
    ],
    [
      'a certificate in a header that proxies may not know to remove',
      { client_certificate: { header: 'X_Cert', trusted_ips: ['10.0.0.1'] } },
    ],
    ['an acr with a space', { required_acr: ['a b'] }],
    ['a resource that is no https URL', { resource_metadata: { resource: 'tasks' } }],
    ['a resource with a query', { resource_metadata: { resource: 'https://a.example/?b' } }],
  ])('refuses %s', (_what, changes) => {
    expect(() => configOf(changes)).toThrow(ConfigError);
  });

  it('accepts introspection at one issuer, and certificates from proxies', () => {
    expect(configOf(introspecting()).issuers[0]?.introspection).toMatchObject({
      client_auth_method: 'client_secret_basic',
      tokens: 'opaque',
      cache_seconds: 30,
    });
    for (const address of ['10.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8']) {
      expect(configOf(certificateFrom(address)).client_certificate?.format).toBe('pem_urlencoded');
    }
  });

  it('accepts http on loopback and every asymmetric algorithm', () => {
    const algorithms = ['RS384', 'RS512', 'PS384', 'PS512', 'ES384', 'ES512', 'Ed25519'];
    const local = { issuer: 'http://127.0.0.1:4000', jwks_uri: 'http://localhost:4000/jwks' };
    expect(configOf(issuer({ ...local, algorithms })).issuers[0]).toMatchObject(local);
  });
});
