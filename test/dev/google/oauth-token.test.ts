import { createHmac } from 'node:crypto';
import { decodeJwt, generateKeyPair, importPKCS8, type JWTHeaderParameters, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServiceAccountKeyFile } from '../../../dev/google/service-account-key.ts';
import { type Google, startGoogle } from '../../../dev/google/start-google.ts';

const NOW = Date.UTC(2026, 10, 23, 9, 0, 0);
const NOW_SECONDS = NOW / 1000;
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

let google: Google;
let key: ServiceAccountKeyFile;

beforeAll(async () => {
  google = await startGoogle({ clock: () => NOW });
  key = google.serviceAccountKey(google.defaultServiceAccount);
});
afterAll(() => google.stop());

async function assertion(
  claims: Record<string, unknown> = {},
  header: Partial<JWTHeaderParameters> = {},
): Promise<string> {
  const all = {
    iss: key.client_email,
    aud: key.token_uri,
    iat: NOW_SECONDS,
    exp: NOW_SECONDS + 3600,
    target_audience: 'https://tasks.example',
    ...claims,
  };
  return await new SignJWT(JSON.parse(JSON.stringify(all)))
    .setProtectedHeader({ alg: 'RS256', kid: key.private_key_id, ...header })
    .sign(await importPKCS8(key.private_key, 'RS256'));
}

async function post(fields: Record<string, string>) {
  const response = await fetch(key.token_uri, {
    method: 'POST',
    body: new URLSearchParams(fields),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function exchange(jwt: string) {
  return await post({ grant_type: GRANT, assertion: jwt });
}

describe('the service account key file', () => {
  it('has the fields of one from Google, and its token_uri is here', () => {
    expect(key).toMatchObject({
      type: 'service_account',
      project_id: 'demo-project',
      client_email: 'gateway@demo-project.iam.gserviceaccount.com',
      client_id: expect.stringMatching(/^\d{21}$/),
      private_key: expect.stringMatching(/^-----BEGIN PRIVATE KEY-----/),
      private_key_id: expect.stringMatching(/^[0-9a-f]{40}$/),
      token_uri: `${google.url}/token`,
      universe_domain: 'googleapis.com',
    });
  });

  it('is refused for an account that does not exist', () => {
    expect(() => google.serviceAccountKey('nobody@demo-project.iam.gserviceaccount.com')).toThrow(
      'no such service account',
    );
  });
});

describe('the JWT-bearer grant', () => {
  it('gives an ID token for target_audience', async () => {
    const { status, body } = await exchange(await assertion());
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['id_token']);
    expect(decodeJwt(String(body.id_token))).toEqual({
      iss: 'https://accounts.google.com',
      aud: 'https://tasks.example',
      azp: key.client_email,
      email: key.client_email,
      email_verified: true,
      sub: key.client_id,
      iat: NOW_SECONDS,
      exp: NOW_SECONDS + 3600,
    });
  });

  it('gives an access token for scope', async () => {
    const { status, body } = await exchange(
      await assertion({ target_audience: undefined, scope: SCOPE }),
    );
    expect(status).toBe(200);
    expect(body).toEqual({
      access_token: expect.stringMatching(/^ya29\./),
      expires_in: 3599,
      token_type: 'Bearer',
    });
  });

  it.each([
    ["Google's own token URL as audience", { aud: 'https://oauth2.googleapis.com/token' }, {}],
    ['the older token URL as audience', { aud: 'https://www.googleapis.com/oauth2/v4/token' }, {}],
    ['the unique id as issuer', { iss: 'UNIQUE_ID' }, {}],
    ['no kid', {}, { kid: undefined }],
    ['dates as strings of digits', { iat: String(NOW_SECONDS), exp: String(NOW_SECONDS + 60) }, {}],
    ['an iat within the clock skew', { iat: NOW_SECONDS + 300 }, {}],
  ])('accepts %s', async (_, claims, header) => {
    const issuer = 'iss' in claims ? { iss: key.client_id } : {};
    const { status } = await exchange(
      await assertion({ ...claims, ...issuer }, header as Partial<JWTHeaderParameters>),
    );
    expect(status).toBe(200);
  });

  it.each([
    ['an unknown issuer', { iss: 'nobody@example.com' }, 'invalid_grant', /account not found/],
    ['no issuer', { iss: undefined }, 'invalid_grant', /account not found/],
    ['no iat', { iat: undefined }, 'invalid_grant', /iat/],
    ['no exp', { exp: undefined }, 'invalid_grant', /exp/],
    [
      'an exp that has come',
      { iat: NOW_SECONDS - 60, exp: NOW_SECONDS },
      'invalid_grant',
      /short-lived/,
    ],
    [
      'more than an hour between iat and exp',
      { exp: NOW_SECONDS + 3601 },
      'invalid_grant',
      /short-lived/,
    ],
    ['an iat beyond the clock skew', { iat: NOW_SECONDS + 301 }, 'invalid_grant', /short-lived/],
    ['another audience', { aud: 'https://example.com/token' }, 'invalid_grant', /audience/],
    ['no audience', { aud: undefined }, 'invalid_grant', /audience/],
    ['neither scope nor target_audience', { target_audience: undefined }, 'invalid_scope', /scope/],
    ['an empty target_audience', { target_audience: '' }, 'invalid_scope', /scope/],
    [
      'a scope that Google has not',
      { target_audience: undefined, scope: 'all' },
      'invalid_scope',
      /scope/,
    ],
  ])('refuses %s', async (_, claims, error, description) => {
    const { status, body } = await exchange(await assertion(claims));
    expect(status).toBe(400);
    expect(body).toEqual({ error, error_description: expect.stringMatching(description) });
  });

  it('refuses to act for another subject with 401 unauthorized_client', async () => {
    const { status, body } = await exchange(await assertion({ sub: 'alice@example.com' }));
    expect(status).toBe(401);
    expect(body.error).toBe('unauthorized_client');
  });

  it('refuses a signature by another key', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    const forged = await new SignJWT(decodeJwt(await assertion()))
      .setProtectedHeader({ alg: 'RS256', kid: key.private_key_id })
      .sign(privateKey);
    const { status, body } = await exchange(forged);
    expect(status).toBe(400);
    expect(body).toEqual({ error: 'invalid_grant', error_description: 'Invalid JWT Signature.' });
  });

  it('refuses an unknown kid, alg none, and HMAC', async () => {
    const payload = (await assertion()).split('.')[1] ?? '';
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    const header = Buffer.from('{"alg":"HS256"}').toString('base64url');
    const mac = createHmac('sha256', key.private_key)
      .update(`${header}.${payload}`)
      .digest('base64url');
    for (const jwt of [await assertion({}, { kid: 'f00' }), none, `${header}.${payload}.${mac}`]) {
      expect((await exchange(jwt)).body.error_description).toBe('Invalid JWT Signature.');
    }
  });

  it.each(['', 'abc', 'a.b.c', 'a.b.c.d'])('answers invalid_request to "%s"', async (jwt) => {
    const { status, body } = await exchange(jwt);
    expect(status).toBe(400);
    expect(body.error).toBe('invalid_request');
  });

  it.each([{}, { grant_type: 'client_credentials', client_id: 'x' }])(
    'answers unsupported_grant_type to %o',
    async (fields) => {
      const { status, body } = await post(fields);
      expect(status).toBe(400);
      expect(body.error).toBe('unsupported_grant_type');
    },
  );

  it('is the only thing at its path: GET is 404', async () => {
    expect((await fetch(key.token_uri)).status).toBe(404);
  });
});
