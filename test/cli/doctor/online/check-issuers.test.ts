import type { RequestListener } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { type Served, serve } from './serve.ts';
import { look, wrong } from './support.ts';

const { publicKey } = await generateKeyPair('ES384');
const ES384 = { ...(await exportJWK(publicKey)), kid: 'a', alg: 'ES384' };
const RS256 = {
  ...(await exportJWK((await generateKeyPair('RS256')).publicKey)),
  kid: 'b',
};

const servers: Served[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

interface Published {
  issuer?: (url: string) => string;
  keys?: object[];
  /** Instead of the document. */
  discovery?: RequestListener;
  type?: string;
}

async function startIssuer({
  issuer = (url) => url,
  keys = [RS256],
  discovery,
  type = 'application/json',
}: Published = {}): Promise<Served> {
  const served = await serve((request, response) => {
    if (request.url === '/keys') {
      response.writeHead(200, { 'content-type': type }).end(JSON.stringify({ keys }));
      return;
    }
    if (discovery !== undefined) {
      discovery(request, response);
      return;
    }
    const document = { issuer: issuer(served.url), jwks_uri: `${served.url}/keys` };
    response.writeHead(200, { 'content-type': type }).end(JSON.stringify(document));
  });
  servers.push(served);
  return served;
}

const trusting = (issuer: string, more: object = {}, name = 'tasks') => ({
  name,
  authorizer: { issuers: [{ issuer, audiences: ['api'], ...more }] },
});

const PLAIN = /is plain http on this machine/;
const found = async (...args: Parameters<typeof look>) =>
  (await look(...args)).filter(({ message }) => !PLAIN.test(message));

it('says which algorithms the keys of an issuer are for', async () => {
  const { url } = await startIssuer();
  expect(await look('issuer', [trusting(url)])).toEqual([
    {
      check: 'issuer',
      severity: 'ok',
      route: 'tasks',
      message: `${url} publishes 1 usable key, for RS256, PS256.`,
    },
    {
      check: 'issuer',
      severity: 'info',
      route: 'tasks',
      message: `${url} is plain http on this machine, which is for development alone.`,
    },
  ]);
});

it('asks an issuer once for all routes and both checks that want to know', async () => {
  const { url, asked } = await startIssuer();
  const findings = await found('issuer', [
    trusting(url, {}, 'a'),
    trusting(url, {}, 'b'),
    trusting(url, { algorithms: ['PS256'] }, 'c'),
  ]);
  expect(asked).toEqual(['/.well-known/openid-configuration', '/keys']);
  expect(findings.map(({ message, route }) => [message, route])).toEqual([
    [`${url} publishes 1 usable key, for RS256, PS256 (routes a, b).`, undefined],
    [`${url} publishes 1 usable key, for PS256.`, 'c'],
  ]);
});

it('names the slash by which the issuer differs', async () => {
  const { url } = await startIssuer({ issuer: (own) => `${own}/` });
  expect(await found('issuer', [trusting(url)])).toEqual([
    {
      check: 'issuer',
      severity: 'error',
      route: 'tasks',
      message: `The discovery document of ${url} names the issuer ${url}/, which differs by the slash at its end. They must be the same, character by character.`,
      fix: `issuer: ${url}/`,
    },
  ]);
});

it('asks for the tenant where the document is for any', async () => {
  const { url } = await startIssuer({ issuer: () => 'https://login.test/{tenantid}/v2.0' });
  const [finding] = await found('issuer', [trusting(url)]);
  expect(finding).toMatchObject({
    severity: 'error',
    message: expect.stringContaining('is for any tenant'),
    fix: 'issuer: https://login.test/TENANT_ID/v2.0',
  });
});

it('does not repeat an issuer that is no URL', async () => {
  const { url } = await startIssuer({ issuer: () => 'ftp://"; rm -rf /' });
  const [finding] = await found('issuer', [trusting(url)]);
  expect(finding?.message).toBe(
    `The discovery document of ${url} does not say that it is of this issuer.`,
  );
});

describe('an error', () => {
  it('is an issuer that cannot be reached', async () => {
    const served = await startIssuer();
    await served.stop();
    const [finding] = await found('issuer', [trusting(served.url)]);
    expect(finding).toMatchObject({
      severity: 'error',
      message: `The keys of ${served.url} cannot be had, so its tokens are answered 503: ECONNREFUSED.`,
      fix: `curl -sS -i ${served.url}/.well-known/openid-configuration`,
    });
  });

  it('is an issuer that does not answer in time', async () => {
    const { url } = await startIssuer({ discovery() {} });
    const [finding] = await found('issuer', [trusting(url)], { tools: { timeout_ms: 50 } });
    expect(finding?.message).toContain('no answer within 50 ms');
  });

  it('is a discovery document that is not there, for which the keys may be named', async () => {
    const { url } = await startIssuer({
      discovery: (_, response) => response.writeHead(404).end(),
    });
    const [finding] = await found('issuer', [trusting(url)]);
    expect(finding).toMatchObject({
      message: expect.stringContaining('the discovery document was answered with status 404'),
      fix: 'jwks_uri: KEY_SET_URL',
    });
  });

  it('is a redirect, which is told where it leads', async () => {
    const { url } = await startIssuer({
      discovery: (_, response) =>
        response
          .writeHead(301, { location: 'https://id.test/.well-known/openid-configuration' })
          .end(),
    });
    const [finding] = await found('issuer', [trusting(url)]);
    expect(finding).toMatchObject({
      message: `${url}/.well-known/openid-configuration is answered with a redirect (301) to https://id.test/.well-known/openid-configuration, which is not followed, so there are no keys of ${url}.`,
      fix: 'issuer: https://id.test',
    });
  });

  it('is a redirect of a configured jwks_uri', async () => {
    const served = await serve((_, response) =>
      response.writeHead(302, { location: 'https://id.test/keys' }).end(),
    );
    servers.push(served);
    const jwks_uri = `${served.url}/jwks`;
    const [finding] = await found('issuer', [trusting('https://id.test', { jwks_uri })]);
    expect(finding?.fix).toBe('jwks_uri: https://id.test/keys');
  });

  it('is an HTML page', async () => {
    const { url } = await startIssuer({
      discovery: (_, response) =>
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>'),
    });
    const [finding] = await found('issuer', [trusting(url)]);
    expect(finding?.message).toContain(
      'the discovery document is not a JSON object, but an HTML page.',
    );
  });

  it('is a document that is too large, of which no more is read', async () => {
    const { url } = await startIssuer({
      discovery: (_, response) => response.end(`{"x":"${'x'.repeat(300_000)}"}`),
    });
    const [finding] = await found('issuer', [trusting(url)]);
    expect(finding?.message).toContain('the discovery document is larger than 262144 bytes');
  });

  it('is a key set without a key that can verify', async () => {
    const { url } = await startIssuer({ keys: [{ kty: 'oct', k: 'AAAA' }] });
    const [finding] = await found('issuer', [trusting(url)]);
    expect(finding).toMatchObject({
      severity: 'error',
      message: `The key set of ${url} has no key that can verify signatures, so every token of it is refused.`,
      fix: `curl -sS ${url}/keys`,
    });
  });

  it('is a key set for none of the accepted algorithms', async () => {
    const { url } = await startIssuer({ keys: [ES384] });
    const [finding] = await found('issuer', [trusting(url)]);
    expect(finding).toMatchObject({
      severity: 'error',
      message: `${url} has keys for ES384, of which algorithms accepts none, so every token of it is refused.`,
      fix: 'algorithms: [ES384]',
    });
  });

  it('is an introspection endpoint that nobody listens at', async () => {
    const { url } = await startIssuer();
    const gone = await serve(() => {});
    await gone.stop();
    const introspection = {
      endpoint: `${gone.url}/introspect`,
      client_id: 'x',
      client_secret: 'y',
    };
    const errors = await found('issuer', [trusting(url, { introspection })]);
    expect(errors.filter(({ severity }) => severity === 'error')).toEqual([
      {
        check: 'issuer',
        severity: 'error',
        route: 'tasks',
        message: `The introspection endpoint ${gone.url}/introspect cannot be reached from here: ECONNREFUSED.`,
        fix: `curl -sS -o /dev/null ${gone.url}/introspect`,
      },
    ]);
  });
});

it('sends nothing to an introspection endpoint', async () => {
  const { url } = await startIssuer();
  const endpoint = await serve(() => {});
  servers.push(endpoint);
  const introspection = { endpoint: endpoint.url, client_id: 'x', client_secret: 'y' };
  const findings = await found('issuer', [trusting(url, { introspection })]);
  expect(wrong(findings)).toEqual([]);
  expect(endpoint.asked).toEqual([]);
});

it('tells of keys whose algorithm is not accepted besides those that are', async () => {
  const { url } = await startIssuer({ keys: [RS256, ES384] });
  const findings = await found('issuer', [trusting(url, { algorithms: ['RS256'] })]);
  expect(wrong(findings)).toMatchObject([
    {
      severity: 'info',
      message: `${url} also publishes keys for ES384, whose tokens are refused here.`,
      fix: 'algorithms: [RS256, ES384]',
    },
  ]);
});

it('tells of an answer that is JSON and does not say so', async () => {
  const { url } = await startIssuer({ type: 'text/plain' });
  const findings = await found('issuer', [trusting(url)]);
  expect(wrong(findings).map(({ message }) => message)).toEqual([
    `${url}/.well-known/openid-configuration of ${url} is answered as text/plain and not as JSON, which it is.`,
    `${url}/keys of ${url} is answered as text/plain and not as JSON, which it is.`,
  ]);
});

it('finds nothing where no route has oidc-authorizer', async () => {
  expect(await look('issuer', [{}])).toEqual([]);
});
