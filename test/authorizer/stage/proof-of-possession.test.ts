import { createHash } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, it } from 'vitest';
import { createAuthorizerStage } from '../../../src/authorizer/create-authorizer-stage.ts';
import type { RequestFacts } from '../../../src/core/request.ts';
import { SharedStateUnavailable } from '../../../src/core/shared-state.ts';
import { renderRefusal } from '../../../src/kong/render-refusal.ts';
import { MTLS_CERTIFICATE } from '../proof/certificates.ts';
import { proofJwk } from '../proof/support.ts';
import {
  configOf,
  createHarness,
  createKey,
  goodToken,
  JWKS_URI,
  keySet,
  NOW,
  reason,
  signToken,
  summary,
} from '../support.ts';

const issuerKey = createKey('ES256', 'issuer');
const clientKey = createKey('ES256', 'client');
const otherKey = createKey('ES256', 'other');
const jkt = await calculateJwkThumbprint(proofJwk(clientKey));
const boundToken = goodToken(issuerKey, { cnf: { jkt } });
const bearerToken = goodToken(issuerKey);

const REQUEST: RequestFacts = {
  method: 'POST',
  forwarded_origin: 'https://api.example.com:443',
  request_uri: '/tasks/7?dry=1',
  client_certificate: '',
};

interface Sent {
  scheme?: string;
  token?: string;
  proof?: string | null;
  facts?: RequestFacts;
}

let proofs = 0;

function proofFor(token: string, claims: Record<string, unknown> = {}, key = clientKey): string {
  proofs += 1;
  const ath = createHash('sha256').update(token).digest('base64url');
  return signToken(
    key,
    { typ: 'dpop+jwt', alg: key.alg, jwk: proofJwk(key) },
    {
      jti: `proof-${proofs}`,
      htm: 'POST',
      htu: 'https://api.example.com/tasks/7',
      iat: NOW,
      ath,
      ...claims,
    },
  );
}

function setUp(changes: Record<string, unknown> = {}) {
  const harness = createHarness(configOf(changes), { [JWKS_URI]: keySet(issuerKey) });
  const ask = async (sent: Sent = {}, stage = harness.stage) => {
    const { scheme = 'DPoP', token = boundToken, proof = proofFor(token), facts = {} } = sent;
    const headers = {
      authorization: `${scheme} ${token}`,
      ...(proof === null ? {} : { dpop: proof }),
      ...facts.headers,
    };
    return stage.run({ ...REQUEST, ...facts, headers });
  };
  return { ...harness, ask };
}

describe('a token that is bound to a DPoP key', () => {
  it('is accepted with the proof of that key', async () => {
    expect(reason(await setUp().ask())).toBe('authenticated');
  });

  it.each([
    [
      'under the scheme Bearer, however good the proof',
      { scheme: 'Bearer' },
      'invalid_token',
      'the token must be presented with a DPoP proof',
    ],
    ['without a proof', { proof: null }, 'invalid_dpop_proof', 'the request has no DPoP proof'],
    [
      'with the proof of another key',
      { proof: proofFor(boundToken, {}, otherKey) },
      'invalid_dpop_proof',
      'the DPoP proof is of another key than the token is bound to',
    ],
    [
      'with a proof for another token',
      { proof: proofFor(bearerToken) },
      'invalid_dpop_proof',
      'the DPoP proof is for another access token',
    ],
    [
      'with a proof for another method',
      { facts: { method: 'GET' } },
      'invalid_dpop_proof',
      'the DPoP proof is for another method',
    ],
    [
      'with a proof for another host',
      { facts: { forwarded_origin: 'https://other.example.com:443' } },
      'invalid_dpop_proof',
      'the DPoP proof is for another target',
    ],
    [
      'with a proof for another path',
      { facts: { request_uri: '/tasks/8' } },
      'invalid_dpop_proof',
      'the DPoP proof is for another target',
    ],
    [
      'with a proof for https on a connection over http',
      { facts: { forwarded_origin: 'http://api.example.com:80' } },
      'invalid_dpop_proof',
      'the DPoP proof is for another target',
    ],
    [
      'at a host that no proof could name',
      { facts: { forwarded_origin: 'https://api.example.com/x?:443' } },
      'invalid_dpop_proof',
      'the DPoP proof is for another target',
    ],
    [
      'with an old proof',
      { proof: proofFor(boundToken, { iat: NOW - 91 }) },
      'invalid_dpop_proof',
      'the DPoP proof was issued too long ago',
    ],
    [
      'with two proofs',
      { proof: `${proofFor(boundToken)}, ${proofFor(boundToken)}` },
      'invalid_dpop_proof',
      'the request has more than one DPoP proof',
    ],
  ] satisfies [string, Sent, string, string][])('is refused %s', async (_, sent, code, why) => {
    const outcome = await setUp().ask(sent);
    expect(summary(outcome)).toBe(code);
    expect(reason(outcome)).toBe(why);
  });

  it('is challenged in its own scheme, with the algorithms that will do', async () => {
    const outcome = await setUp().ask({ proof: null });
    if (outcome.outcome !== 'refuse') throw new Error('not refused');
    expect(renderRefusal(outcome.refusal).headers['WWW-Authenticate']).toBe(
      'DPoP algs="ES256 ES384 EdDSA PS256 RS256", realm="api", error="invalid_dpop_proof", ' +
        'error_description="the request has no DPoP proof"',
    );
  });
});

describe('a DPoP proof', () => {
  it('is accepted once, by whichever instance', async () => {
    const { ask, resources } = setUp();
    const twin = createAuthorizerStage(configOf(), resources);
    const proof = proofFor(boundToken);
    expect(summary(await ask({ proof }))).toBe('authenticated');
    for (const stage of [undefined, twin]) {
      expect(reason(await ask({ proof }, stage))).toBe('the DPoP proof has been used before');
    }
    expect(summary(await ask({}, twin))).toBe('authenticated');
  });

  it('is not used up by a request that it was not good for', async () => {
    const { ask } = setUp();
    const proof = proofFor(boundToken);
    expect(summary(await ask({ proof, facts: { method: 'GET' } }))).toBe('invalid_dpop_proof');
    expect(summary(await ask({ proof }))).toBe('authenticated');
  });

  it('cannot be used again at the end of its life, when it may just have been forgotten', async () => {
    const { ask, advance } = setUp();
    const proof = proofFor(boundToken, { iat: NOW + 29 });
    expect(summary(await ask({ proof }))).toBe('authenticated');
    for (const seconds of [60, 58, 1]) {
      advance(seconds);
      expect(summary(await ask({ proof }))).toBe('invalid_dpop_proof');
    }
    advance(1);
    expect(reason(await ask({ proof }))).toBe('the DPoP proof was issued too long ago');
  });

  it('is refused where nobody can tell whether it was used', async () => {
    const { resources, ask } = setUp();
    const state = {
      ...resources.state,
      claim: async () => {
        throw new SharedStateUnavailable('gone');
      },
    };
    const stage = createAuthorizerStage(configOf(), { ...resources, state });
    expect(summary(await ask({}, stage))).toBe('shared_state_unavailable');
  });

  it('is not accepted at an origin that is not ours, whatever host the request names', async () => {
    const dpop = { origins: ['https://api.example.com', 'https://eu.example.com:8443'] };
    const at = (origin: string, htu: string) => ({
      facts: { forwarded_origin: origin },
      proof: proofFor(boundToken, { htu }),
    });
    const relayed = at('https://evil.example:443', 'https://evil.example/tasks/7');
    const { ask } = setUp({ dpop });
    expect(reason(await ask(relayed))).toBe('the DPoP proof is for another target');
    expect(summary(await ask())).toBe('authenticated');
    const second = at('https://eu.example.com:8443', 'https://eu.example.com:8443/tasks/7');
    expect(summary(await ask(second))).toBe('authenticated');
    const resource_metadata = { resource: 'https://api.example.com/tasks' };
    expect(summary(await setUp({ resource_metadata }).ask(relayed))).toBe('invalid_dpop_proof');
    expect(summary(await setUp({ resource_metadata }).ask())).toBe('authenticated');
  });

  it('stays claimed for gateways whose clocks are behind', async () => {
    const { resources, ask } = setUp();
    const claims: number[] = [];
    const state = {
      ...resources.state,
      claim: async (_key: string, ttl_ms: number) => claims.push(ttl_ms) > 0,
    };
    await ask({}, createAuthorizerStage(configOf(), { ...resources, state }));
    // 60 s that a proof is good, and the leeway here, there, and between both.
    expect(claims[0]).toBeGreaterThanOrEqual(150_000);
  });

  it('is not read for a token that is bound to nothing', async () => {
    const sent = { scheme: 'Bearer', token: bearerToken, proof: 'nonsense' };
    expect(summary(await setUp().ask(sent))).toBe('authenticated');
  });
});

describe('a nonce', () => {
  const config = { dpop: { require_nonce: true } };

  async function nonceOf(ask: ReturnType<typeof setUp>['ask']): Promise<string> {
    const outcome = await ask();
    if (outcome.outcome !== 'refuse') throw new Error('not refused');
    expect(outcome.refusal.code).toBe('use_dpop_nonce');
    return outcome.refusal.headers?.['DPoP-Nonce'] ?? '';
  }

  it('is asked for where it is required, and then accepted', async () => {
    const { ask } = setUp(config);
    const nonce = await nonceOf(ask);
    const outcome = await ask({ proof: proofFor(boundToken, { nonce }) });
    expect(summary(outcome)).toBe('authenticated');
    expect(outcome).not.toHaveProperty('response_headers');
  });

  it('is renewed with the response before it runs out, and refused afterwards', async () => {
    const { ask, advance } = setUp(config);
    const token = goodToken(issuerKey, { cnf: { jkt }, exp: NOW + 5000 });
    const nonce = await nonceOf(ask);
    const later = (seconds: number) => proofFor(token, { nonce, iat: NOW + seconds });
    advance(300);
    const aging = await ask({ token, proof: later(300) });
    expect(aging).toMatchObject({ outcome: 'continue' });
    const renewed = aging.outcome === 'continue' && aging.response_headers?.['DPoP-Nonce'];
    expect(renewed).toMatch(/^[\w-]{43}$/);
    expect(renewed).not.toBe(nonce);
    advance(300);
    expect(summary(await ask({ token, proof: later(600) }))).toBe('use_dpop_nonce');
  });

  it('of another gateway is accepted where both have the secret', async () => {
    const shared = { dpop: { require_nonce: true, nonce_secret: 's'.repeat(32) } };
    const nonce = await nonceOf(setUp(shared).ask);
    const proof = () => proofFor(boundToken, { nonce });
    expect(summary(await setUp(shared).ask({ proof: proof() }))).toBe('authenticated');
    expect(summary(await setUp(config).ask({ proof: proof() }))).toBe('use_dpop_nonce');
  });
});

describe('where proof of possession is required', () => {
  const required = { proof_of_possession: 'required' };

  it('refuses a token that is bound to nothing', async () => {
    const sent = { scheme: 'Bearer', token: bearerToken, proof: null };
    expect(reason(await setUp(required).ask(sent))).toBe('the token is not bound to a key');
    expect(summary(await setUp(required).ask())).toBe('authenticated');
  });

  it('asks for DPoP from the first challenge on', async () => {
    const { stage } = setUp(required);
    expect(await stage.run({ headers: {} })).toMatchObject({
      refusal: { code: 'missing_token', challenge: { scheme: 'DPoP' } },
    });
  });
});

describe('a token that is bound to a client certificate', () => {
  const pem = `-----BEGIN CERTIFICATE-----\n${MTLS_CERTIFICATE.base64}\n-----END CERTIFICATE-----\n`;
  const certificate = encodeURIComponent(pem);
  const token = goodToken(issuerKey, { cnf: { 'x5t#S256': MTLS_CERTIFICATE.thumbprint } });
  const sent = { scheme: 'Bearer', token, proof: null };
  const WRONG = 'the client certificate is not the one that the token is bound to';

  it('is accepted on a connection with that certificate', async () => {
    const facts = { client_certificate: certificate };
    expect(reason(await setUp().ask({ ...sent, facts }))).toBe('authenticated');
  });

  it.each([
    ['without a certificate', ''],
    ['with half of one', certificate.slice(0, 200)],
  ])('is refused on a connection %s', async (_, client_certificate) => {
    expect(reason(await setUp().ask({ ...sent, facts: { client_certificate } }))).toBe(WRONG);
  });

  it('is refused under the scheme DPoP', async () => {
    const facts = { client_certificate: certificate };
    const outcome = await setUp().ask({ token, facts });
    expect(reason(outcome)).toBe('the token is not bound to the key of a DPoP proof');
  });

  describe('behind a proxy that ends TLS', () => {
    const client_certificate = { header: 'X-Client-Cert', trusted_ips: ['10.0.0.0/8', 'fd00::1'] };
    const from = (peer_ip: string) => ({
      peer_ip,
      headers: { 'x-client-cert': certificate },
    });

    it.each(['10.1.2.3', 'fd00::1', '::ffff:10.1.2.3'])(
      'is accepted by the word of a trusted one, %s',
      async (peer) => {
        const outcome = await setUp({ client_certificate }).ask({ ...sent, facts: from(peer) });
        expect(reason(outcome)).toBe('authenticated');
      },
    );

    it.each(['192.0.2.1', 'fd00::2', 'unix:', ''])('is refused by that of %j', async (peer) => {
      const outcome = await setUp({ client_certificate }).ask({ ...sent, facts: from(peer) });
      expect(reason(outcome)).toBe(WRONG);
    });

    it('does not count what the connection to Kong shows', async () => {
      const facts = { peer_ip: '10.1.2.3', client_certificate: certificate };
      const outcome = await setUp({ client_certificate }).ask({ ...sent, facts });
      expect(reason(outcome)).toBe(WRONG);
    });

    it('keeps the header from the upstream in every spelling', async () => {
      const { ask } = setUp({ client_certificate });
      const bearer = { scheme: 'Bearer', token: bearerToken, proof: null };
      const outcome = await ask({ ...bearer, facts: { peer_ip: '10.1.2.3' } });
      expect(outcome).toMatchObject({ outcome: 'continue' });
      expect(outcome.outcome === 'continue' && outcome.remove_headers).toEqual(
        expect.arrayContaining(['x-client-cert', 'x_client_cert', 'x-client_cert']),
      );
    });
  });

  it('needs both proofs where it is bound to both', async () => {
    const both = goodToken(issuerKey, {
      cnf: { jkt, 'x5t#S256': MTLS_CERTIFICATE.thumbprint },
    });
    const facts = { client_certificate: certificate };
    const { ask } = setUp();
    expect(summary(await ask({ token: both, facts }))).toBe('authenticated');
    expect(summary(await ask({ token: both }))).toBe('invalid_token');
    expect(summary(await ask({ token: both, facts, proof: null }))).toBe('invalid_dpop_proof');
    expect(summary(await ask({ token: both, facts, scheme: 'Bearer' }))).toBe('invalid_token');
  });
});
