import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { clientSecret } from '../../dev/identity-provider/clients.ts';
import { createDpopKey, createDpopProof, type DpopKey } from '../../dev/identity-provider/dpop.ts';
import { getToken, type TokenRequest } from '../../dev/identity-provider/get-token.ts';
import { findPorts } from '../../dev/stack/ports.ts';
import { STAGING_AUDIENCE, type Stack, startStack } from '../../dev/stack/start-stack.ts';
import { type Sent, send } from '../../dev/story/send.ts';
import { sendTls } from '../../dev/story/send-tls.ts';
import { selfSignedCertificate } from '../../dev/tls/self-signed-certificate.ts';
import { describeOnHosts } from './gateways.ts';

const OPAQUE = 'https://opaque.example.com';
const RECEIVER = 'https://api.example.com/events';
const POLICY =
  'version: 1\nrules: [{ name: everyone, effect: allow, when: identity.authenticated }]';

/** Every route leads to the same service and differs in how tokens are taken. */
function kongYml(): string {
  const issuer = {
    issuer: 'http://127.0.0.1:4000',
    audiences: ['https://tasks.example.com', OPAQUE],
    introspection: {
      endpoint: 'http://127.0.0.1:4000/token/introspection',
      client_id: 'gateway',
      client_secret: '{vault://env/gateway-secret}',
    },
  };
  const authorizer = (config: object = {}) => ({
    name: 'oidc-authorizer',
    config: { issuers: [issuer], ...config },
  });
  const route = (name: string, config: object = {}, paths = [`/${name}`]) => ({
    name,
    paths,
    plugins: [
      authorizer(config),
      { name: 'policy-evaluator', config: { policy: POLICY } },
      { name: 'cloud-run-token', config: { audience: STAGING_AUDIENCE } },
    ],
  });
  const metadata = '/.well-known/oauth-protected-resource/described';
  return stringify(
    {
      _format_version: '3.0',
      services: [
        {
          name: 'tasks',
          url: 'http://127.0.0.1:4002',
          routes: [
            route('plain'),
            route('bound', { proof_of_possession: 'required' }),
            route('nonce', { dpop: { require_nonce: true } }),
            route('proxied', {
              client_certificate: { header: 'X-Client-Cert', trusted_ips: ['127.0.0.1'] },
            }),
            route('strong', { required_acr: ['phr'] }),
            route(
              'described',
              { resource_metadata: { resource: 'https://api.example.com/described' } },
              ['/described', metadata],
            ),
            {
              name: 'events',
              paths: ['/events'],
              plugins: [
                authorizer({
                  issuers: [{ issuer: 'http://127.0.0.1:4000', audiences: [RECEIVER] }],
                  security_events: { push_authorization: 'Bearer of-the-transmitter' },
                }),
              ],
            },
          ],
        },
      ],
    },
    { aliasDuplicateObjects: false },
  );
}

describeOnHosts('conformance with oidc-provider', ({ kongBin, pluginServer }) => {
  let stack: Stack;
  let metricsPort = 0;
  let dpop: DpopKey;
  const client = selfSignedCertificate({ commonName: 'client' });
  const other = selfSignedCertificate({ commonName: 'other' });

  beforeAll(async () => {
    metricsPort = (await findPorts(false)).gateway;
    // Kong resolves the reference, so it is Kong that must know.
    vi.stubEnv('GATEWAY_SECRET', clientSecret('gateway'));
    stack = await startStack({
      kongBin,
      pluginServer,
      config: kongYml(),
      tls: true,
      trustedIps: ['127.0.0.1'],
      serveOptions: ['--metrics', `127.0.0.1:${metricsPort}`],
    });
    dpop = await createDpopKey();
  });
  afterAll(() => stack?.stop());

  const token = (request: TokenRequest = {}) =>
    getToken(stack.identityProvider.issuer, { user: 'alice', ...request });
  const ask = (path: string, headers: Record<string, string>, sent: Partial<Sent> = {}) =>
    send(stack.gateway.url, { path, headers, ...sent });
  const askTls = (path: string, headers: Record<string, string>, certificate?: typeof client) =>
    sendTls(
      stack.gateway.tlsUrl ?? '',
      { path, headers },
      { ca: stack.tlsCertificate ?? '', cert: certificate?.cert, key: certificate?.key },
    );
  const bearer = (text: string) => ({ Authorization: `Bearer ${text}` });

  async function boundToken(request: TokenRequest = {}) {
    const url = `${stack.identityProvider.issuer}/token`;
    return token({ ...request, dpopProof: createDpopProof(dpop, { url }) });
  }

  function proven(text: string, url: string, more: { nonce?: string } = {}) {
    const proof = createDpopProof(dpop, { method: 'GET', url, accessToken: text, ...more });
    return { Authorization: `DPoP ${text}`, DPoP: proof };
  }

  it.each(['RS256', 'PS256', 'ES256', 'EdDSA'] as const)(
    'takes a JWT signed with %s',
    async (alg) => {
      const answer = await ask('/plain/tasks/7', bearer(await token({ signingAlgorithm: alg })));
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.body).headers).toMatchObject({ 'x-authenticated-subject': 'alice' });
    },
  );

  it('takes an opaque token, and refuses it once it is revoked', async () => {
    const opaque = await token({ resource: OPAQUE });
    expect((await ask('/plain/tasks/7', bearer(opaque))).status).toBe(200);
    const revoked = await fetch(`${stack.identityProvider.issuer}/token/revocation`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${btoa(`tasks-cli:${clientSecret('tasks-cli')}`)}`,
      },
      body: new URLSearchParams({ token: opaque }),
    });
    expect(revoked.status).toBe(200);
    stack.clock.set(Date.now() + 31_000);
    expect((await ask('/plain/tasks/7', bearer(opaque))).code).toBe('invalid_token');
    stack.clock.reset();
  });

  it('refuses an opaque token that nobody has issued', async () => {
    expect((await ask('/plain/tasks/7', bearer('made-up'))).code).toBe('invalid_token');
  });

  it.each([
    ['a JWT', {}],
    ['an opaque token', { resource: OPAQUE }],
  ])('takes %s that is bound to a DPoP key with its proof, once', async (_, request) => {
    const text = await boundToken(request);
    const url = `${stack.gateway.url}/bound/tasks/7`;
    const headers = proven(text, url);
    expect((await ask('/bound/tasks/7?x=1', headers)).status).toBe(200);
    // Often enough to meet every worker.
    const again = await Promise.all(
      Array.from({ length: 8 }, () => ask('/bound/tasks/7?x=1', headers)),
    );
    expect(again.map(({ code }) => code)).toEqual(Array(8).fill('invalid_dpop_proof'));
    expect((await ask('/bound/tasks/7', bearer(text))).code).toBe('invalid_token');
    expect((await ask('/bound/tasks/8', proven(text, url))).code).toBe('invalid_dpop_proof');
  });

  it('finds the URL that the client addressed behind a proxy that ends TLS', async () => {
    const text = await boundToken();
    const forwarded = {
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'api.example.com',
      'X-Forwarded-Port': '443',
    };
    const good = proven(text, 'https://api.example.com/bound/tasks/7');
    const bad = proven(text, `${stack.gateway.url}/bound/tasks/7`);
    expect((await ask('/bound/tasks/7', { ...good, ...forwarded })).status).toBe(200);
    expect((await ask('/bound/tasks/7', { ...bad, ...forwarded })).code).toBe('invalid_dpop_proof');
  });

  it('takes a proof for the TLS address on a TLS connection', async () => {
    const text = await boundToken();
    const path = '/bound/tasks/7';
    expect((await askTls(path, proven(text, `${stack.gateway.tlsUrl}${path}`))).status).toBe(200);
    expect((await askTls(path, proven(text, `${stack.gateway.url}${path}`))).code).toBe(
      'invalid_dpop_proof',
    );
  });

  it('gives out nonces and takes them', async () => {
    const text = await boundToken();
    const url = `${stack.gateway.url}/nonce/tasks/7`;
    const first = await ask('/nonce/tasks/7', proven(text, url));
    expect(first.code).toBe('use_dpop_nonce');
    const nonce = String(first.headers['dpop-nonce']);
    for (let worker = 0; worker < 4; worker += 1) {
      expect((await ask('/nonce/tasks/7', proven(text, url, { nonce }))).status).toBe(200);
    }
  });

  it('refuses an unbound token where proof is required, and says which scheme would do', async () => {
    const answer = await ask('/bound/tasks/7', bearer(await token()));
    expect(answer.code).toBe('invalid_token');
    expect(answer.headers['www-authenticate']).toMatch(/^DPoP algs=/);
  });

  it.each([
    ['a JWT', {}],
    ['an opaque token', { resource: OPAQUE }],
  ])('takes %s that is bound to a certificate on a connection with that', async (_, request) => {
    const text = await token({ ...request, clientCertificate: client.cert });
    expect((await askTls('/bound/tasks/7', bearer(text), client)).status).toBe(200);
    expect((await askTls('/bound/tasks/7', bearer(text), other)).code).toBe('invalid_token');
    expect((await askTls('/bound/tasks/7', bearer(text))).code).toBe('invalid_token');
    expect((await ask('/bound/tasks/7', bearer(text))).code).toBe('invalid_token');
  });

  it('takes the certificate from the header of a trusted proxy, and keeps it from the upstream', async () => {
    const text = await token({ clientCertificate: client.cert });
    const certificate = { 'X-Client-Cert': encodeURIComponent(client.cert) };
    const answer = await ask('/proxied/tasks/7', { ...bearer(text), ...certificate });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body).headers).not.toHaveProperty('x-client-cert');
    expect((await ask('/proxied/tasks/7', bearer(text))).code).toBe('invalid_token');
  });

  it('asks for a stronger login, and takes the token that comes of it', async () => {
    const weak = await ask('/strong/tasks/7', bearer(await token({ acr: 'pwd' })));
    expect(weak).toMatchObject({ status: 401, code: 'insufficient_user_authentication' });
    expect(weak.headers['www-authenticate']).toContain('acr_values="phr"');
    expect((await ask('/strong/tasks/7', bearer(await token({ acr: 'phr' })))).status).toBe(200);
  });

  it('leads a client without a token to the authorization server', async () => {
    const challenge = String((await ask('/described', {})).headers['www-authenticate']);
    const url = new URL(/resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? '');
    const answer = await ask(url.pathname, {});
    expect(answer).toMatchObject({ status: 200, code: null });
    expect(JSON.parse(answer.body)).toMatchObject({
      resource: 'https://api.example.com/described',
      authorization_servers: [stack.identityProvider.issuer],
    });
  });

  it('refuses the tokens of a session that is revoked, on every route and in every worker', async () => {
    const [bobs, alices] = [await token({ user: 'bob' }), await token()];
    expect((await ask('/plain/tasks/7', bearer(bobs))).status).toBe(200);
    const set = await stack.identityProvider.signSecurityEvent({
      audience: RECEIVER,
      subject: 'bob',
      events: { 'session-revoked': {} },
    });
    const push = (authorization: string) =>
      ask(
        '/events',
        { 'Content-Type': 'application/secevent+jwt', Authorization: authorization },
        { method: 'POST', body: set },
      );
    expect((await push('Bearer of-somebody')).status).toBe(401);
    expect((await ask('/plain/tasks/7', bearer(bobs))).status).toBe(200);
    expect((await push('Bearer of-the-transmitter')).status).toBe(202);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => ask('/plain/tasks/7', bearer(bobs))),
    );
    expect(answers.map(({ code }) => code)).toEqual(Array(8).fill('invalid_token'));
    expect(answers[0]?.body).toContain('the token has been revoked');
    expect((await ask('/plain/tasks/7', bearer(alices))).status).toBe(200);
  });

  describe.runIf(pluginServer === 'ours')('over our plugin server', () => {
    it('needs one batch of reads and one of writes for a request, whatever its token', async () => {
      const text = await boundToken();
      await ask('/plain/tasks/7', bearer(await token()));
      await ask('/plain/tasks/7', bearer(await token({ resource: OPAQUE })));
      await ask('/bound/tasks/7', proven(text, `${stack.gateway.url}/bound/tasks/7`));
      const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
      const count = (le: string) =>
        Number(
          new RegExp(
            `batches_per_event_bucket\\{(?=[^}]*plugin="oidc-authorizer")(?=[^}]*le="${le.replace('+', '\\+')}")[^}]*\\} (\\d+)`,
          ).exec(metrics)?.[1],
        );
      expect(count('+Inf')).toBeGreaterThan(0);
      expect(count('2')).toBe(count('+Inf'));
    });
  });
});
