import { calculateJwkThumbprint } from 'jose';
import { describe, expect, it } from 'vitest';
import { authorizerFields } from '../../src/authorizer/config.ts';
import { parseConfig } from '../../src/core/config/parse-config.ts';
import type { RequestFacts } from '../../src/core/request.ts';
import { renderRefusal } from '../../src/kong/render-refusal.ts';
import { MTLS_CERTIFICATE } from '../authorizer/proof/certificates.ts';
import { accessTokenHash, proofOf } from '../authorizer/proof/support.ts';
import {
  claimsOf,
  createHarness,
  createKey,
  headerOf,
  json,
  keySet,
  reason,
  signToken,
} from '../authorizer/support.ts';
import { pluginConfig, readRoute, readRoutes } from './support.ts';

const FILE = 'proof-of-possession/kong.yml';
const ISSUER = 'https://login.example.com';
const key = createKey('ES256', 'key');
const clientKey = createKey('ES256', 'client');
const certificate = encodeURIComponent(
  `-----BEGIN CERTIFICATE-----\n${MTLS_CERTIFICATE.base64.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
);

/** One process, and so without Redis. */
function setUp(name: string) {
  const { redis: _, ...raw } = pluginConfig(readRoute(FILE, name), 'oidc-authorizer');
  const { stage } = createHarness(parseConfig(authorizerFields, raw), {
    [`${ISSUER}/.well-known/openid-configuration`]: json({
      issuer: ISSUER,
      jwks_uri: `${ISSUER}/keys`,
    }),
    [`${ISSUER}/keys`]: keySet(key),
  });
  return async (authorization: string, facts: RequestFacts = {}) =>
    stage.run({
      method: 'GET',
      request_uri: '/dpop/7',
      forwarded_origin: 'https://api.example.com:443',
      client_certificate: '',
      peer_ip: '192.0.2.1',
      ...facts,
      headers: { authorization, ...facts.headers },
    });
}

function tokenWith(cnf?: Record<string, string>): string {
  return signToken(key, headerOf(key), claimsOf({ iss: ISSUER, cnf }));
}

it.each(readRoutes(FILE).map(({ name }) => name))(
  'the route %s refuses a token that is bound to nothing',
  async (name) => {
    expect(reason(await setUp(name)(`Bearer ${tokenWith()}`))).toBe(
      'the token is not bound to a key',
    );
  },
);

describe('the route dpop', () => {
  it('accepts the first proof that holds the nonce of its refusal, once', async () => {
    const jkt = await calculateJwkThumbprint(clientKey.publicKey.export({ format: 'jwk' }));
    const token = tokenWith({ jkt });
    const ask = setUp('dpop');
    const sendProof = (nonce?: string) => {
      const claims = { htm: 'GET', htu: 'https://api.example.com/dpop/7', nonce };
      const ath = accessTokenHash(token);
      const dpop = proofOf(clientKey, { claims: { ...claims, ath } });
      return ask(`DPoP ${token}`, { headers: { dpop } });
    };
    const first = await sendProof();
    if (first.outcome !== 'refuse') throw new Error('not refused');
    const { status, headers } = renderRefusal(first.refusal);
    expect(status).toBe(401);
    const nonce = headers['DPoP-Nonce'];
    expect(reason(await sendProof(nonce))).toBe('authenticated');
    expect(reason(await sendProof(nonce))).toBe('the DPoP proof has been used before');
  });
});

describe('client certificates', () => {
  const token = `Bearer ${tokenWith({ 'x5t#S256': MTLS_CERTIFICATE.thumbprint })}`;
  const fromProxy = (peer_ip: string) => ({ peer_ip, headers: { 'x-client-cert': certificate } });
  const WRONG = 'the client certificate is not the one that the token is bound to';

  it.each([
    ['mtls', 'of the TLS connection', { client_certificate: certificate }, 'authenticated'],
    ['mtls', 'in a header', fromProxy('10.20.0.1'), WRONG],
    ['mtls-behind-proxy', 'from a proxy', fromProxy('10.20.0.1'), 'authenticated'],
    ['mtls-behind-proxy', 'from anyone else', fromProxy('10.20.0.16'), WRONG],
  ] satisfies [string, string, RequestFacts, string][])(
    'on the route %s, one %s',
    async (name, _, facts, expected) => {
      expect(reason(await setUp(name)(token, facts))).toBe(expected);
    },
  );
});
