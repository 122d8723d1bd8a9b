import { createHmac, createPublicKey, type JsonWebKey } from 'node:crypto';
import { request } from 'node:http';
import { decodeJwt, decodeProtectedHeader, generateKeyPair, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CloudRun, startCloudRun } from '../../../dev/cloud-run/start-cloud-run.ts';
import { type Google, startGoogle } from '../../../dev/google/start-google.ts';

const AUDIENCE = 'https://tasks.example';
const GATEWAY = 'gateway@demo-project.iam.gserviceaccount.com';
const STRANGER = 'stranger@demo-project.iam.gserviceaccount.com';
const NOW = Date.UTC(2026, 10, 23, 9, 0, 0);

let google: Google;
let service: CloudRun;
let now: number;

beforeAll(async () => {
  google = await startGoogle({
    clock: () => NOW,
    serviceAccounts: [{ email: GATEWAY }, { email: STRANGER }],
  });
});
afterAll(() => google.stop());
beforeEach(async () => {
  now = NOW;
  service = await startCloudRun({
    service: 'tasks',
    audiences: [AUDIENCE, 'tasks-custom'],
    certsUrl: google.certsUrl,
    invokers: [GATEWAY],
    clock: () => now,
  });
});
afterEach(() => service.stop());

async function bearer(claims = {}, audience = AUDIENCE, email = GATEWAY): Promise<string> {
  return `Bearer ${await google.idToken(email, audience, claims)}`;
}

async function get(headers: Record<string, string>, path = '/') {
  return await fetch(`${service.url}${path}`, { headers });
}

interface Echo {
  service: string;
  method: string;
  path: string;
  headers: Record<string, string>;
  invoker: { email: string; aud: string } | null;
  body_bytes: number;
}

describe('a request with a good token', () => {
  it('reaches the app, which answers with what it received', async () => {
    const response = await fetch(`${service.url}/tasks/7?a=1&a=2`, {
      method: 'POST',
      headers: { 'x-serverless-authorization': await bearer(), 'x-mine': 'kept' },
      body: 'hello',
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    const echo = (await response.json()) as Echo;
    expect(echo).toMatchObject({
      service: 'tasks',
      method: 'POST',
      path: '/tasks/7?a=1&a=2',
      invoker: { email: GATEWAY, aud: AUDIENCE },
      body_bytes: 5,
    });
    expect(echo.headers['x-mine']).toBe('kept');
    expect(service.requests()).toHaveLength(1);
    expect(service.requests()[0]).toMatchObject({
      path: '/tasks/7?a=1&a=2',
      body: Buffer.from('hello'),
    });
  });

  it.each(['x-serverless-authorization', 'authorization'])(
    'in %s does not hand the signature on',
    async (header) => {
      const sent = await bearer();
      const { headers } = (await (await get({ [header]: sent })).json()) as Echo;
      expect(headers[header]).toBe(sent.replace(/[^.]*$/, 'SIGNATURE_REMOVED_BY_GOOGLE'));
      expect((await get({ [header]: headers[header] ?? '' })).status).toBe(401);
    },
  );

  it.each([`${AUDIENCE}/`, 'tasks-custom'])('for the audience %s is accepted', async (audience) => {
    expect((await get({ authorization: await bearer({}, audience) })).status).toBe(200);
  });

  it('is accepted when the issuer is written without its scheme', async () => {
    const authorization = await bearer({ iss: 'accounts.google.com' });
    expect((await get({ authorization })).status).toBe(200);
  });

  it('is accepted to the last second and refused from exp on', async () => {
    const authorization = await bearer();
    now = NOW + 3_599_000;
    expect((await get({ authorization })).status).toBe(200);
    now = NOW + 3_600_000;
    expect((await get({ authorization })).status).toBe(401);
  });

  it('is accepted when a new key signed it, since unknown keys are looked up', async () => {
    expect((await get({ authorization: await bearer() })).status).toBe(200);
    await google.rotateKeys();
    expect((await get({ authorization: await bearer() })).status).toBe(200);
  });

  it('tells onRequest', async () => {
    const onRequest = vi.fn();
    const other = await startCloudRun({
      service: 'b',
      audiences: ['b'],
      certsUrl: google.certsUrl,
      invokers: [GATEWAY],
      clock: () => NOW,
      onRequest,
    });
    try {
      await fetch(other.url);
      expect(onRequest).not.toHaveBeenCalled();
      await fetch(other.url, { headers: { authorization: await bearer({}, 'b') } });
      expect(onRequest).toHaveBeenCalledExactlyOnceWith(other.requests()[0]);
    } finally {
      await other.stop();
    }
  });
});

describe('a request that is refused', () => {
  afterEach(() => {
    expect(service.requests()).toEqual([]);
  });

  it('without a credential gets the page of 403, with the path escaped', async () => {
    const response = await get({}, '/a&b?q=1');
    expect(response.status).toBe(403);
    expect(response.headers.get('content-type')).toBe('text/html; charset=UTF-8');
    expect(response.headers.get('www-authenticate')).toBeNull();
    const page = await response.text();
    expect(page).toContain('<h1>Error: Forbidden</h1>');
    expect(page).toContain(
      'Your client does not have permission to get URL <code>/a&amp;b</code> from this server.',
    );
  });

  it('for its token gets the page of 401 and the challenge', async () => {
    const response = await get({ authorization: 'Bearer nonsense' });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe(
      'Bearer error="invalid_token" error_description="The access token could not be verified"',
    );
    expect(await response.text()).toContain('<h1>Error: Unauthorized</h1>');
  });

  it.each([
    ['another audience', {}, 'https://other.example'],
    ['a custom audience with a slash added', {}, 'tasks-custom/'],
    ['a path after the service URL', {}, `${AUDIENCE}/tasks`],
    ['another issuer', { iss: 'https://evil.example' }, AUDIENCE],
    ['no exp', { exp: null }, AUDIENCE],
    ['an exp that has passed', { exp: NOW / 1000 - 1 }, AUDIENCE],
  ])('for a token with %s is 401', async (_, claims, audience) => {
    expect((await get({ authorization: await bearer(claims, audience) })).status).toBe(401);
  });

  it('for a token of another key is 401, also under the kid of a real one', async () => {
    const real = (await bearer()).slice('Bearer '.length);
    const { privateKey } = await generateKeyPair('RS256');
    for (const kid of ['unknown', decodeProtectedHeader(real).kid ?? '']) {
      const forged = await new SignJWT(decodeJwt(real))
        .setProtectedHeader({ alg: 'RS256', kid })
        .sign(privateKey);
      expect((await get({ authorization: `Bearer ${forged}` })).status).toBe(401);
    }
  });

  it('for alg none, or HMAC with the public key, is 401', async () => {
    const [header = '', payload = ''] = (await bearer()).slice('Bearer '.length).split('.');
    const { keys } = (await (await fetch(google.certsUrl)).json()) as { keys: JsonWebKey[] };
    const pem = createPublicKey({ key: keys[0] ?? {}, format: 'jwk' }).export({
      type: 'spki',
      format: 'pem',
    });
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString());
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${encode({ alg: 'HS256', kid })}.${payload}`;
    const mac = createHmac('sha256', pem).update(signed).digest('base64url');
    for (const token of [`${encode({ alg: 'none', kid })}.${payload}.`, `${signed}.${mac}`]) {
      expect((await get({ authorization: `Bearer ${token}` })).status).toBe(401);
    }
  });

  it('for an access token is 401: Cloud Run takes ID tokens', async () => {
    expect((await get({ authorization: 'Bearer ya29.opaque' })).status).toBe(401);
  });

  it('for a good token of an account that may not invoke is 403', async () => {
    expect((await get({ authorization: await bearer({}, AUDIENCE, STRANGER) })).status).toBe(403);
  });

  it.each([
    ['without an email', { email: null, email_verified: null }],
    ['with an unverified email', { email_verified: false }],
  ])('for a good token %s is 403', async (_, claims) => {
    expect((await get({ authorization: await bearer(claims) })).status).toBe(403);
  });

  it.each(['Basic eDp5', 'nonsense', ''])(
    'for X-Serverless-Authorization "%s" is 401, though Authorization is good',
    async (value) => {
      const headers = { 'x-serverless-authorization': value, authorization: await bearer() };
      expect((await get(headers)).status).toBe(401);
    },
  );

  it('for two credentials in one header name is 401', async () => {
    const good = await bearer();
    const status = await new Promise<number | undefined>((resolve, reject) => {
      request(
        service.url,
        { headers: { 'X-Serverless-Authorization': [good, good] } },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      )
        .on('error', reject)
        .end();
    });
    expect(status).toBe(401);
  });

  it('is not let through by a health path', async () => {
    for (const path of ['/healthz', '/health', '/_ah/health', '/readyz']) {
      expect((await get({}, path)).status).toBe(403);
    }
  });

  it('is 503 while the certificates cannot be fetched, since that says nothing of the token', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    google.fail({ endpoint: 'certs', status: 500 });
    const authorization = await bearer();
    expect((await get({ authorization })).status).toBe(503);
    expect(log.mock.calls.flat().join(' ')).not.toContain('eyJ');
    log.mockRestore();
  });
});

describe('the order of the headers', () => {
  it('is X-Serverless-Authorization first, and Authorization then belongs to the app', async () => {
    const response = await get({
      'x-serverless-authorization': await bearer(),
      authorization: 'Bearer app.token.signature',
    });
    const { headers, invoker } = (await response.json()) as Echo;
    expect(invoker?.email).toBe(GATEWAY);
    expect(headers.authorization).toBe('Bearer app.token.signature');
    expect(headers['x-serverless-authorization']).toMatch(/\.SIGNATURE_REMOVED_BY_GOOGLE$/);
  });
});

describe('a public service', () => {
  it('lets everybody in and leaves their headers alone', async () => {
    const open = await startCloudRun({
      service: 'open',
      audiences: [AUDIENCE],
      certsUrl: google.certsUrl,
      invokers: ['allUsers'],
    });
    try {
      const response = await fetch(open.url, {
        headers: { authorization: 'Bearer app.token.signature' },
      });
      expect(response.status).toBe(200);
      const echo = (await response.json()) as Echo;
      expect(echo.invoker).toBeNull();
      expect(echo.headers.authorization).toBe('Bearer app.token.signature');
    } finally {
      await open.stop();
    }
  });
});

describe('startCloudRun', () => {
  it('refuses a service that no audience leads to', async () => {
    await expect(
      startCloudRun({ service: 'x', audiences: [], certsUrl: google.certsUrl, invokers: [] }),
    ).rejects.toThrow('audience');
  });
});
