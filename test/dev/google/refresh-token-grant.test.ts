import { createHash } from 'node:crypto';
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Google, startGoogle } from '../../../dev/google/start-google.ts';

const NOW = Date.UTC(2026, 10, 23, 9, 0, 0);
const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform';
const TARGET = 'deployer@demo-project.iam.gserviceaccount.com';
const GCLOUD = { clientId: 'gcloud.apps.example', clientSecret: 'gcloud-secret' };

let google: Google;

beforeAll(async () => {
  google = await startGoogle({
    clock: () => NOW,
    serviceAccounts: [{ email: TARGET, tokenCreators: ['alice@example.com'] }],
    users: [
      { email: 'alice@example.com', ...GCLOUD, refreshToken: '1//alice' },
      { email: 'bob@example.com', ...GCLOUD, refreshToken: '1//bob' },
      {
        email: 'carol@example.com',
        clientId: 'other.apps.example',
        clientSecret: 'other-secret',
        refreshToken: '1//carol',
        scopes: [CLOUD_PLATFORM],
      },
      {
        email: 'dave@example.com',
        ...GCLOUD,
        refreshToken: '1//dave',
        scopes: ['openid', CLOUD_PLATFORM],
      },
    ],
  });
});
afterAll(() => google.stop());

const ALICE = {
  grant_type: 'refresh_token',
  client_id: GCLOUD.clientId,
  client_secret: GCLOUD.clientSecret,
  refresh_token: '1//alice',
};

async function post(fields: Record<string, string>, headers: Record<string, string> = {}) {
  const response = await fetch(`${google.url}/token`, {
    method: 'POST',
    headers,
    body: new URLSearchParams(fields),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('the file of Application Default Credentials', () => {
  it('has the fields that gcloud writes, and no token endpoint', () => {
    expect(google.authorizedUser('alice@example.com')).toEqual({
      account: '',
      client_id: GCLOUD.clientId,
      client_secret: GCLOUD.clientSecret,
      refresh_token: '1//alice',
      type: 'authorized_user',
      universe_domain: 'googleapis.com',
    });
  });

  it('is refused for a user who does not exist', () => {
    expect(() => google.authorizedUser('eve@example.com')).toThrow('no such user');
  });
});

describe('the refresh-token grant', () => {
  it('gives an access token with the scopes of the grant', async () => {
    const { status, body } = await post(ALICE);
    expect(status).toBe(200);
    expect(body).toEqual({
      access_token: expect.stringMatching(/^ya29\./),
      expires_in: 3599,
      scope: `openid https://www.googleapis.com/auth/userinfo.email ${CLOUD_PLATFORM}`,
      token_type: 'Bearer',
      id_token: expect.any(String),
    });
  });

  it('gives an ID token of the user for the client, signed by a published key', async () => {
    const { body } = await post({ ...ALICE, target_audience: 'https://tasks.example' });
    const keys = (await (await fetch(google.certsUrl)).json()) as JSONWebKeySet;
    const { payload } = await jwtVerify(String(body.id_token), createLocalJWKSet(keys), {
      currentDate: new Date(NOW),
    });
    const hash = createHash('sha256').update(String(body.access_token)).digest();
    expect(payload).toEqual({
      iss: 'https://accounts.google.com',
      aud: GCLOUD.clientId,
      azp: GCLOUD.clientId,
      sub: expect.stringMatching(/^\d{21}$/),
      email: 'alice@example.com',
      email_verified: true,
      at_hash: hash.subarray(0, 16).toString('base64url'),
      iat: NOW / 1000,
      exp: NOW / 1000 + 3600,
    });
  });

  it('gives no ID token without openid, and no email without its scope', async () => {
    const carol = await post({
      ...ALICE,
      client_id: 'other.apps.example',
      client_secret: 'other-secret',
      refresh_token: '1//carol',
    });
    expect(carol.status).toBe(200);
    expect(carol.body).not.toHaveProperty('id_token');
    const dave = await post({ ...ALICE, refresh_token: '1//dave' });
    expect(decodeJwt(String(dave.body.id_token))).not.toHaveProperty('email');
  });

  it('narrows the scopes when asked to, and never widens them', async () => {
    const narrow = await post({ ...ALICE, scope: CLOUD_PLATFORM });
    expect(narrow.body).toMatchObject({ scope: CLOUD_PLATFORM });
    expect(narrow.body).not.toHaveProperty('id_token');
    const wide = await post({ ...ALICE, scope: 'https://www.googleapis.com/auth/drive' });
    expect(wide).toMatchObject({ status: 400, body: { error: 'invalid_scope' } });
  });

  it('takes the client by HTTP Basic as well', async () => {
    const { client_id, client_secret, ...fields } = ALICE;
    const basic = Buffer.from(`${client_id}:${client_secret}`).toString('base64');
    expect((await post(fields, { authorization: `Basic ${basic}` })).status).toBe(200);
    const wrong = Buffer.from(`${client_id}:x`).toString('base64');
    expect((await post(fields, { authorization: `Basic ${wrong}` })).status).toBe(401);
  });

  it('lets a user who is a token creator impersonate the account, and no other user', async () => {
    const impersonate = async (refreshToken: string) => {
      const { body } = await post({ ...ALICE, refresh_token: refreshToken });
      const url = `${google.url}/v1/projects/-/serviceAccounts/${TARGET}:generateIdToken`;
      const response = await fetch(url, {
        method: 'POST',
        headers: { authorization: `Bearer ${body.access_token}` },
        body: JSON.stringify({ audience: 'https://tasks.example' }),
      });
      return response.status;
    };
    expect(await impersonate('1//alice')).toBe(200);
    expect(await impersonate('1//bob')).toBe(403);
  });

  it.each([
    ['no client', { client_id: '' }, 400, 'invalid_request'],
    ['an unknown client', { client_id: 'nobody' }, 401, 'invalid_client'],
    ['no secret', { client_secret: '' }, 400, 'invalid_request'],
    ['a wrong secret', { client_secret: 'x' }, 401, 'invalid_client'],
    ['no refresh token', { refresh_token: '' }, 400, 'invalid_request'],
    ['an unknown refresh token', { refresh_token: '1//x' }, 400, 'invalid_grant'],
    ["another client's refresh token", { refresh_token: '1//carol' }, 401, 'unauthorized_client'],
  ])('refuses %s', async (_, fields, status, error) => {
    expect(await post({ ...ALICE, ...fields })).toEqual({
      status,
      body: { error, error_description: expect.any(String) },
    });
  });

  it('refuses a repeated parameter', async () => {
    const body = new URLSearchParams(ALICE);
    body.append('client_id', 'other.apps.example');
    const response = await fetch(`${google.url}/token`, { method: 'POST', body });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: 'invalid_request' });
  });

  it('refuses a refresh token that was revoked', async () => {
    const bob = { ...ALICE, refresh_token: '1//bob' };
    expect((await post(bob)).status).toBe(200);
    google.revokeUser('bob@example.com');
    expect(await post(bob)).toEqual({
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' },
    });
  });
});

describe('startGoogle', () => {
  const user = { email: 'a@b.example', ...GCLOUD, refreshToken: '1//a' };

  it.each([
    ['one user given twice', [user, { ...user, refreshToken: '1//b' }], 'twice'],
    ['one refresh token of two users', [user, { ...user, email: 'c@d.example' }], 'twice'],
    [
      'one client with two secrets',
      [user, { ...user, email: 'c@d.example', refreshToken: '1//c', clientSecret: 'x' }],
      'two secrets',
    ],
  ])('refuses %s', async (_, users, message) => {
    await expect(startGoogle({ users })).rejects.toThrow(message);
  });
});
