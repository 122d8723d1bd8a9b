import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type CloudRun,
  type CloudRunOptions,
  startCloudRun,
} from '../../../dev/cloud-run/start-cloud-run.ts';
import { type Google, startGoogle } from '../../../dev/google/start-google.ts';

const CLIENT_ID = '123456789012-abc.apps.googleusercontent.com';
const URL_AUDIENCE = 'https://tasks.example';
const GATEWAY = 'gateway@demo-project.iam.gserviceaccount.com';
const STRANGER = 'stranger@demo-project.iam.gserviceaccount.com';
const NOW = Date.UTC(2026, 10, 23, 9, 0, 0);

let google: Google;
let now = NOW;
const services: CloudRun[] = [];
beforeAll(async () => {
  google = await startGoogle({
    clock: () => now,
    serviceAccounts: [{ email: GATEWAY }, { email: STRANGER }],
  });
});
afterAll(() => google.stop());
afterEach(async () => {
  now = NOW;
  await Promise.all(services.splice(0).map((service) => service.stop()));
});

async function start(options: Partial<CloudRunOptions> = {}): Promise<CloudRun> {
  const service = await startCloudRun({
    service: 'tasks',
    audiences: [URL_AUDIENCE],
    certsUrl: google.certsUrl,
    invokers: [GATEWAY],
    clock: () => now,
    iap: { audience: CLIENT_ID },
    ...options,
  });
  services.push(service);
  return service;
}

async function bearer(claims = {}, audience = CLIENT_ID, email = GATEWAY): Promise<string> {
  return `Bearer ${await google.idToken(email, audience, claims)}`;
}

async function get(service: CloudRun, headers: Record<string, string> = {}, method = 'GET') {
  const response = await fetch(service.url, { method, headers, redirect: 'manual' });
  return {
    status: response.status,
    fromIap: response.headers.get('x-goog-iap-generated-response'),
    location: response.headers.get('location'),
    server: response.headers.get('server'),
    body: await response.text(),
  };
}

describe('a request with a token for the OAuth client', () => {
  it.each(['authorization', 'proxy-authorization'])('comes in by %s', async (header) => {
    const service = await start();
    const answer = await get(service, { [header]: await bearer() });
    expect(answer).toMatchObject({ status: 200, fromIap: null });
    expect(service.requests()[0]?.invoker).toMatchObject({ email: GATEWAY, aud: CLIENT_ID });
  });

  it('leaves Authorization to the app when it is in Proxy-Authorization', async () => {
    const service = await start();
    await get(service, { 'proxy-authorization': await bearer(), authorization: 'Bearer own' });
    const headers = service.requests()[0]?.headers;
    expect(headers?.authorization).toBe('Bearer own');
    expect(headers).not.toHaveProperty('proxy-authorization');
  });

  it('is looked for in Authorization when Proxy-Authorization has no good one', async () => {
    const service = await start();
    const authorization = await bearer();
    const answer = await get(service, { 'proxy-authorization': 'Bearer x', authorization });
    expect(answer.status).toBe(200);
  });

  it('tells the app who called, in headers that no client can write', async () => {
    const service = await start();
    await get(service, {
      authorization: await bearer(),
      'x-goog-authenticated-user-email': 'accounts.google.com:admin@example.com',
      'x-goog-iap-jwt-assertion': 'forged',
      'x-goog-else': 'x',
      'x-serverless-authorization': 'Bearer forged',
    });
    const headers = service.requests()[0]?.headers ?? {};
    expect(headers['x-goog-authenticated-user-email']).toBe(`accounts.google.com:${GATEWAY}`);
    expect(headers).not.toHaveProperty('x-goog-else');
    expect(headers).not.toHaveProperty('x-serverless-authorization');
    const { payload, protectedHeader } = await jwtVerify(
      String(headers['x-goog-iap-jwt-assertion']),
      createLocalJWKSet(service.iapKeys),
      {
        algorithms: ['ES256'],
        issuer: 'https://cloud.google.com/iap',
        audience: '/projects/123456789012/locations/europe-west1/services/tasks',
        currentDate: new Date(NOW),
      },
    );
    expect(protectedHeader.alg).toBe('ES256');
    expect(payload).toMatchObject({
      email: GATEWAY,
      sub: headers['x-goog-authenticated-user-id'],
      iat: NOW / 1000,
      exp: NOW / 1000 + 600,
    });
  });

  it('is refused by Cloud Run when IAP itself may not call the service', async () => {
    const service = await start({ iap: { audience: CLIENT_ID, agentMayInvoke: false } });
    const answer = await get(service, { authorization: await bearer() });
    expect(answer).toMatchObject({ status: 403, fromIap: null, server: 'Google Frontend' });
    expect(answer.body).toContain('<h1>Error: Forbidden</h1>');
  });
});

describe('a request that IAP refuses', () => {
  it.each([
    [
      'the audience of the service',
      {},
      URL_AUDIENCE,
      'Invalid bearer token. Invalid JWT audience.',
    ],
    ['no email', { email: null }, CLIENT_ID, "JWT 'email' claim isn't a string"],
    ['another issuer', { iss: 'https://evil.example' }, CLIENT_ID, 'Invalid bearer token.'],
    ['an exp that has passed', { exp: NOW / 1000 - 1 }, CLIENT_ID, 'Expired JWT'],
  ])('for a token with %s is 401', async (_, claims, audience, detail) => {
    const service = await start();
    expect(await get(service, { authorization: await bearer(claims, audience) })).toMatchObject({
      status: 401,
      fromIap: 'true',
      server: 'Google Frontend',
      body: `Invalid IAP credentials: ${detail}`,
    });
    expect(service.requests()).toEqual([]);
  });

  it('for what is no JWT, or has no good signature, is 401', async () => {
    const service = await start();
    const forged = (await bearer()).replace(/[^.]*$/, 'AAAA');
    expect((await get(service, { authorization: 'Bearer nonsense' })).body).toBe(
      'Invalid IAP credentials: Unable to parse JWT',
    );
    expect((await get(service, { authorization: forged })).body).toBe(
      'Invalid IAP credentials: JWT signature is invalid',
    );
  });

  it('for a caller without access is 403', async () => {
    const service = await start();
    const authorization = await bearer({}, CLIENT_ID, STRANGER);
    expect(await get(service, { authorization })).toMatchObject({ status: 403, fromIap: 'true' });
    const open = await start({ iap: { audience: CLIENT_ID, accessors: [STRANGER] } });
    expect((await get(open, { authorization })).status).toBe(200);
    expect((await get(open, { authorization: await bearer() })).status).toBe(403);
  });

  it('without a token is sent to sign in, if it can follow', async () => {
    const service = await start();
    for (const headers of [
      {},
      { accept: 'text/html' },
      { 'x-serverless-authorization': 'Bearer x' },
    ]) {
      const answer = await get(service, headers);
      expect(answer).toMatchObject({
        status: 302,
        fromIap: 'true',
        body: 'Invalid IAP credentials: empty token',
      });
      expect(answer.location).toContain(`client_id=${CLIENT_ID}`);
    }
  });

  it('without a token is 401, if it cannot follow', async () => {
    const service = await start();
    for (const [method, headers] of [
      ['POST', {}],
      ['GET', { accept: 'application/json' }],
      ['GET', { 'x-requested-with': 'XMLHttpRequest' }],
    ] as const) {
      expect(await get(service, { ...headers }, method)).toMatchObject({
        status: 401,
        fromIap: 'true',
        location: null,
      });
    }
  });

  it('for a token that was withdrawn is 401', async () => {
    const service = await start();
    const authorization = await bearer();
    expect((await get(service, { authorization })).status).toBe(200);
    service.rejectTokensMintedBefore(NOW + 1000);
    expect(await get(service, { authorization })).toMatchObject({ status: 401, fromIap: 'true' });
  });
});

describe('without IAP', () => {
  it('there is no key, and no header of IAP', async () => {
    const service = await startCloudRun({
      service: 'tasks',
      audiences: [URL_AUDIENCE],
      certsUrl: google.certsUrl,
      invokers: [GATEWAY],
      clock: () => now,
    });
    services.push(service);
    expect(service.iapKeys).toEqual({ keys: [] });
    await get(service, { authorization: await bearer({}, URL_AUDIENCE) });
    expect(service.requests()[0]?.headers).not.toHaveProperty('x-goog-iap-jwt-assertion');
  });
});
