import { describe, expect, it } from 'vitest';
import { authorizerFields } from '../../src/authorizer/config.ts';
import { createAuthorizerStage } from '../../src/authorizer/create-authorizer-stage.ts';
import { parseConfig } from '../../src/core/config/parse-config.ts';
import {
  claimsOf,
  createHarness,
  createKey,
  headerOf,
  json,
  keySet,
  NOW,
  reason,
  signToken,
  summary,
} from '../authorizer/support.ts';
import { pluginConfig, readRoute } from './support.ts';

const FILE = 'revocation/kong.yml';
const ISSUER = 'https://login.example.com';
const AUTHORIZATION = 'Bearer of the stream';
const issuerKey = createKey('ES256', 'issuer');
const transmitterKey = createKey('ES256', 'transmitter');

/** One process, and so without Redis. */
function configOf(name: string) {
  const secrets = { SECURITY_EVENTS_AUTHORIZATION: AUTHORIZATION };
  const { redis, ...config } = pluginConfig(readRoute(FILE, name), 'oidc-authorizer', secrets);
  expect(redis).toBeDefined();
  return parseConfig(authorizerFields, config);
}

function setUp() {
  const { resources, present, advance } = createHarness(configOf('tasks'), {
    [`${ISSUER}/.well-known/openid-configuration`]: json({
      issuer: ISSUER,
      jwks_uri: `${ISSUER}/keys`,
    }),
    [`${ISSUER}/keys`]: keySet(issuerKey),
    'https://ssf.login.example.com/jwks': keySet(transmitterKey),
  });
  const receiver = createAuthorizerStage(configOf('security-events'), resources);
  const push = async (sub: string, authorization = AUTHORIZATION) =>
    receiver.run({
      method: 'POST',
      headers: { authorization, 'content-type': 'application/secevent+jwt' },
      raw_body: { text: sessionRevoked(sub) },
    });
  const token = (sub: string, iat: number) =>
    signToken(
      issuerKey,
      headerOf(issuerKey),
      claimsOf({ iss: ISSUER, sub, iat, scope: 'tasks:read' }),
    );
  return { present, push, token, advance };
}

function sessionRevoked(sub: string): string {
  return signToken(
    transmitterKey,
    { alg: 'ES256', kid: 'transmitter', typ: 'secevent+jwt' },
    {
      iss: 'https://ssf.login.example.com',
      aud: 'https://api.example.com/security-events',
      jti: 'event-1',
      iat: NOW,
      sub_id: { format: 'iss_sub', iss: ISSUER, sub },
      events: { 'https://schemas.openid.net/secevent/caep/event-type/session-revoked': {} },
    },
  );
}

describe('a session that the transmitter calls revoked', () => {
  it('ends on the other route, for the tokens that were issued before', async () => {
    const { present, push, token, advance } = setUp();
    const [old, other] = [token('alice', NOW - 10), token('bob', NOW - 10)];
    expect(summary(await present(old))).toBe('authenticated');
    expect(await push('alice')).toMatchObject({ status: 202 });
    expect(reason(await present(old))).toBe('the token has been revoked');
    expect(summary(await present(other))).toBe('authenticated');
    // The issuer's clock may be ahead of the transmitter's by `leeway_seconds`.
    expect(summary(await present(token('alice', NOW + 30)))).toBe('invalid_token');
    advance(60);
    expect(summary(await present(token('alice', NOW + 31)))).toBe('authenticated');
  });

  it('goes on where somebody else says so', async () => {
    const { present, push, token } = setUp();
    expect(await push('alice', 'Bearer of somebody else')).toMatchObject({ status: 401 });
    expect(summary(await present(token('alice', NOW - 10)))).toBe('authenticated');
  });
});
