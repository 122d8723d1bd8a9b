import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { close, listen } from '../../../dev/google/listen.ts';
import { type Google, startGoogle } from '../../../dev/google/start-google.ts';

const NOW_SECONDS = Date.UTC(2026, 10, 23, 9, 0, 0) / 1000;
const POOL = 'iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/ci';
const AUDIENCE = `//${POOL}/providers/builds`;
const DOWN = `//${POOL}/providers/down`;
const DISCOVERED = `//${POOL}/providers/discovered`;
const TARGET = 'deployer@demo-project.iam.gserviceaccount.com';

const issuer = createServer();
let issuerUrl: string;
let sign: (claims: JWTPayload) => Promise<string>;
let google: Google;

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' };
  issuer.on('request', (request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify(
        request.url === '/jwks'
          ? { keys: [jwk] }
          : { issuer: issuerUrl, jwks_uri: `${issuerUrl}/jwks` },
      ),
    );
  });
  issuerUrl = `http://127.0.0.1:${await listen(issuer, '127.0.0.1', 0)}`;
  sign = (claims) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).sign(privateKey);
  google = await startGoogle({
    clock: () => NOW_SECONDS * 1000,
    serviceAccounts: [{ email: TARGET, tokenCreators: [`principal://${POOL}/subject/build-7`] }],
    workloadIdentityProviders: [
      { audience: AUDIENCE, issuer: issuerUrl, jwksUri: `${issuerUrl}/jwks` },
      { audience: DISCOVERED, issuer: issuerUrl },
      { audience: DOWN, issuer: issuerUrl, jwksUri: 'http://127.0.0.1:1/jwks' },
    ],
  });
});
afterAll(async () => {
  await google.stop();
  await close(issuer);
});

async function subjectToken(claims: JWTPayload = {}): Promise<string> {
  const all = {
    iss: issuerUrl,
    aud: `https:${AUDIENCE}`,
    sub: 'build-7',
    iat: NOW_SECONDS,
    exp: NOW_SECONDS + 600,
    ...claims,
  };
  return await sign(JSON.parse(JSON.stringify(all)));
}

async function exchange(fields: Record<string, string> = {}) {
  const response = await fetch(`${google.url}/v1/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      audience: AUDIENCE,
      scope: 'https://www.googleapis.com/auth/cloud-platform',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      subject_token: fields.subject_token ?? (await subjectToken()),
      ...fields,
    }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('the token exchange', () => {
  it('gives a federated access token, with which the pool member can impersonate', async () => {
    const { status, body } = await exchange();
    expect(status).toBe(200);
    expect(body).toEqual({
      access_token: expect.stringMatching(/^ya29\./),
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer',
      expires_in: 3599,
    });
    const impersonate = (token: unknown) =>
      fetch(`${google.url}/v1/projects/-/serviceAccounts/${TARGET}:generateIdToken`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify({ audience: 'https://tasks.example' }),
      });
    expect((await impersonate(body.access_token)).status).toBe(200);
    const other = await exchange({ subject_token: await subjectToken({ sub: 'build-8' }) });
    expect((await impersonate(other.body.access_token)).status).toBe(403);
  });

  it('takes the same fields as JSON in camel case', async () => {
    const response = await fetch(`${google.url}/v1/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        grantType: 'urn:ietf:params:oauth:grant-type:token-exchange',
        audience: AUDIENCE,
        scope: 'https://www.googleapis.com/auth/cloud-platform',
        requestedTokenType: 'urn:ietf:params:oauth:token-type:access_token',
        subjectTokenType: 'urn:ietf:params:oauth:token-type:id_token',
        subjectToken: await subjectToken(),
      }),
    });
    expect(response.status).toBe(200);
  });

  it("finds the keys by the issuer's discovery document", async () => {
    const token = await subjectToken({ aud: DISCOVERED });
    const { status } = await exchange({ audience: DISCOVERED, subject_token: token });
    expect(status).toBe(200);
  });

  it.each([
    ['another grant', { grant_type: 'client_credentials' }, 'unsupported_grant_type'],
    [
      'an audience that is no provider name',
      { audience: 'projects/1/providers/x' },
      'invalid_request',
    ],
    ['a provider that does not exist', { audience: `//${POOL}/providers/none` }, 'invalid_target'],
    ['another requested type', { requested_token_type: 'urn:x' }, 'invalid_request'],
    ['another subject type', { subject_token_type: 'urn:x' }, 'invalid_request'],
    ['no subject token', { subject_token: '' }, 'invalid_request'],
    ['no scope', { scope: '' }, 'invalid_scope'],
  ])('refuses %s', async (_, fields, error) => {
    const { status, body } = await exchange(fields);
    expect(status).toBe(400);
    expect(body).toEqual({ error, error_description: expect.any(String) });
  });

  it.each([
    ['a field that Google does not document', { actor_token: 'x' }, /actor_token/],
    [
      'a user project, which is for workforce pools',
      { options: '{"userProject":"p"}' },
      /userProject/,
    ],
    ['options that are not an object', { options: 'x' }, /options/],
  ])('refuses %s', async (_, fields, description) => {
    const { status, body } = await exchange(fields);
    expect(status).toBe(400);
    expect(body).toEqual({
      error: 'invalid_request',
      error_description: expect.stringMatching(description),
    });
  });

  it('takes empty options', async () => {
    expect((await exchange({ options: '{}' })).status).toBe(200);
  });

  it.each([
    ['a repeated field', { body: new URLSearchParams('scope=a&scope=b') }, /twice/],
    ['a body that is no form', { body: 'grant_type=x' }, /malformed/],
    [
      'a JSON body with a member that is no text',
      { body: '{"scope":["a"]}', json: true },
      /malformed/,
    ],
    [
      'a JSON member that Google does not document',
      { body: '{"resource":"a"}', json: true },
      /resource/,
    ],
    ['an Authorization header', { body: new URLSearchParams(), bearer: true }, /Authorization/],
  ])('refuses %s', async (_, { body, ...how }, description) => {
    const response = await fetch(`${google.url}/v1/token`, {
      method: 'POST',
      headers: {
        ...('json' in how ? { 'content-type': 'application/json' } : {}),
        ...('bearer' in how ? { authorization: 'Bearer x' } : {}),
      },
      body,
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      error: 'invalid_request',
      error_description: expect.stringMatching(description),
    });
  });

  it.each([
    ['another issuer', { iss: 'https://other.example' }, /issuer/],
    ['another audience', { aud: 'https://other.example' }, /audience/],
    ['no audience', { aud: undefined }, /audience/],
    ['an exp that has come', { iat: NOW_SECONDS - 60, exp: NOW_SECONDS }, /stale/],
    ['an iat in the future', { iat: NOW_SECONDS + 1 }, /stale/],
    ['no iat', { iat: undefined }, /iat/],
    ['a life of more than a day', { exp: NOW_SECONDS + 86_401 }, /24 hours/],
    ['no subject', { sub: undefined }, /sub/],
  ] as [string, JWTPayload, RegExp][])(
    'refuses a subject token with %s',
    async (_, claims, description) => {
      const { status, body } = await exchange({ subject_token: await subjectToken(claims) });
      expect(status).toBe(400);
      expect(body).toEqual({
        error: 'invalid_grant',
        error_description: expect.stringMatching(description),
      });
    },
  );

  it('refuses a subject token that the issuer did not sign', async () => {
    const [header, payload] = (await subjectToken()).split('.');
    for (const token of [`${header}.${payload}.c2ln`, 'no token']) {
      const { status, body } = await exchange({ subject_token: token });
      expect(status).toBe(400);
      expect(body.error).toBe('invalid_grant');
    }
  });

  it("refuses when the issuer's keys cannot be had", async () => {
    const token = await subjectToken({ aud: DOWN });
    const { status, body } = await exchange({ audience: DOWN, subject_token: token });
    expect(status).toBe(400);
    expect(body.error_description).toBe("Error connecting to the given credential's issuer.");
  });
});
