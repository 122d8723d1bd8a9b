import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Google, startGoogle } from '../../../dev/google/start-google.ts';

const NOW = Date.UTC(2026, 10, 23, 9, 0, 0);
const [CALLER, MIDDLE, TARGET, OTHER] = ['caller', 'middle', 'target', 'other'].map(
  (name) => `${name}@demo-project.iam.gserviceaccount.com`,
) as [string, string, string, string];

let google: Google;
let token: string;

beforeAll(async () => {
  google = await startGoogle({
    clock: () => NOW,
    serviceAccounts: [
      { email: CALLER },
      { email: MIDDLE, tokenCreators: [CALLER] },
      { email: TARGET, tokenCreators: [MIDDLE, CALLER] },
      { email: OTHER, tokenCreators: [MIDDLE] },
    ],
  });
  token = await accessToken();
});
afterAll(() => google.stop());

async function accessToken(query = ''): Promise<string> {
  const response = await fetch(
    `${google.url}/computeMetadata/v1/instance/service-accounts/default/token${query}`,
    { headers: { 'metadata-flavor': 'Google' } },
  );
  return ((await response.json()) as { access_token: string }).access_token;
}

interface Sent {
  account?: string;
  method?: string;
  project?: string;
  authorization?: string | undefined;
  body?: unknown;
}

async function call(sent: Sent) {
  const { account = TARGET, method = 'generateIdToken', project = '-' } = sent;
  const authorization = 'authorization' in sent ? sent.authorization : `Bearer ${token}`;
  const { body = { audience: 'https://tasks.example' } } = sent;
  const response = await fetch(
    `${google.url}/v1/projects/${project}/serviceAccounts/${account}:${method}`,
    {
      method: 'POST',
      headers: authorization === undefined ? {} : { authorization },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    },
  );
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as {
      error?: { status: string; message: string };
      [name: string]: unknown;
    },
  };
}

describe('generateIdToken', () => {
  it('gives a token of the target account, without its email unless asked', async () => {
    const { status, body } = await call({});
    expect(status).toBe(200);
    const claims = decodeJwt(String(body.token));
    expect(claims).toEqual({
      iss: 'https://accounts.google.com',
      aud: 'https://tasks.example',
      azp: claims.sub,
      sub: expect.stringMatching(/^\d{21}$/),
      iat: NOW / 1000,
      exp: NOW / 1000 + 3600,
    });
  });

  it.each([true, 'true'])('includes the email for includeEmail %o', async (includeEmail) => {
    const { body } = await call({
      body: { audience: 'a', includeEmail, useEmailAzp: includeEmail },
    });
    expect(decodeJwt(String(body.token))).toMatchObject({
      email: TARGET,
      email_verified: true,
      azp: TARGET,
    });
  });

  it('finds the account by its unique id', async () => {
    const account = google.serviceAccountKey(TARGET).client_id;
    const { body } = await call({ account, body: { audience: 'a', includeEmail: true } });
    expect(decodeJwt(String(body.token)).email).toBe(TARGET);
  });
});

describe('generateAccessToken', () => {
  const scope = ['https://www.googleapis.com/auth/cloud-platform'];

  it('gives a token that acts as the target account', async () => {
    const { status, body } = await call({
      account: MIDDLE,
      method: 'generateAccessToken',
      body: { scope, lifetime: '600s' },
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      accessToken: expect.stringMatching(/^ya29\./),
      expireTime: '2026-11-23T09:10:00Z',
    });
    const asMiddle = `Bearer ${body.accessToken}`;
    expect((await call({ account: OTHER, authorization: asMiddle })).status).toBe(200);
  });

  it.each([
    {},
    { scope: [] },
    { scope: 'https://www.googleapis.com/auth/cloud-platform' },
    { scope, lifetime: '3601s' },
    { scope, lifetime: '0s' },
    { scope, lifetime: 600 },
    { scope, lifetime: '10m' },
  ])('answers 400 to %o', async (body) => {
    const { status, body: answer } = await call({ method: 'generateAccessToken', body });
    expect(status).toBe(400);
    expect(answer.error?.status).toBe('INVALID_ARGUMENT');
  });
});

describe('the permission', () => {
  it('is refused to who is not a token creator, with the error of Google', async () => {
    const { status, body } = await call({ account: OTHER });
    expect(status).toBe(403);
    expect(body).toEqual({
      error: {
        code: 403,
        message:
          "Permission 'iam.serviceAccounts.getOpenIdToken' denied on resource (or it may not exist).",
        status: 'PERMISSION_DENIED',
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
            reason: 'IAM_PERMISSION_DENIED',
            domain: 'iam.googleapis.com',
            metadata: { permission: 'iam.serviceAccounts.getOpenIdToken' },
          },
        ],
      },
    });
  });

  it('does not come with being the account itself', async () => {
    expect((await call({ account: CALLER })).status).toBe(403);
  });

  it('passes along a chain of delegates', async () => {
    const delegates = [`projects/-/serviceAccounts/${MIDDLE}`];
    const { status, body } = await call({
      account: OTHER,
      body: { audience: 'a', includeEmail: true, delegates },
    });
    expect(status).toBe(200);
    expect(decodeJwt(String(body.token)).email).toBe(OTHER);
  });

  it.each([
    ['a link is missing', OTHER],
    ['a delegate does not exist', 'nobody@example.com'],
  ])('is refused when in the chain %s', async (_, delegate) => {
    const delegates = [`projects/-/serviceAccounts/${delegate}`];
    const { status, body } = await call({ body: { audience: 'a', delegates } });
    expect(status).toBe(403);
    expect(body.error?.message).toContain('iam.serviceAccounts.implicitDelegation');
  });
});

describe('IAM Credentials', () => {
  it('answers 404 for an account that does not exist', async () => {
    const { status, body } = await call({ account: 'nobody@demo-project.iam.gserviceaccount.com' });
    expect(status).toBe(404);
    expect(body.error?.status).toBe('NOT_FOUND');
  });

  it.each([
    ['no credential', undefined, 'Bearer realm="https://accounts.google.com/"'],
    [
      'a made-up token',
      'Bearer ya29.made-up',
      'Bearer realm="https://accounts.google.com/", error="invalid_token"',
    ],
    [
      'another scheme',
      'Basic eDp5',
      'Bearer realm="https://accounts.google.com/", error="invalid_token"',
    ],
  ])('answers 401 to %s, before it looks at anything else', async (_, authorization, challenge) => {
    const { status, headers, body } = await call({
      account: 'nobody@x',
      authorization,
      body: 'no json',
    });
    expect(status).toBe(401);
    expect(body.error?.status).toBe('UNAUTHENTICATED');
    expect(headers.get('www-authenticate')).toBe(challenge);
  });

  it('answers 401 to an ID token in place of an access token', async () => {
    const idToken = await google.idToken(CALLER, 'https://iamcredentials.googleapis.com');
    expect((await call({ authorization: `Bearer ${idToken}` })).status).toBe(401);
  });

  it('answers 403 to a token without the scope', async () => {
    const readOnly = await accessToken(
      '?scopes=https://www.googleapis.com/auth/devstorage.read_only',
    );
    const { status, body } = await call({ authorization: `Bearer ${readOnly}` });
    expect(status).toBe(403);
    expect(body.error?.message).toContain('scopes');
  });

  it.each([
    ['a project in place of the wildcard', { project: 'demo-project' }],
    ['no audience', { body: {} }],
    ['an empty audience', { body: { audience: '' } }],
    ['a body that is no JSON', { body: '{' }],
    ['a body that is no object', { body: '[]' }],
    ['an unknown field', { body: { audience: 'a', aud: 'b' } }],
    ['a delegate by its bare email', { body: { audience: 'a', delegates: [MIDDLE] } }],
    ['delegates that are no list', { body: { audience: 'a', delegates: MIDDLE } }],
  ] as [string, Sent][])('answers 400 to %s', async (_, sent) => {
    const { status, body } = await call(sent);
    expect(status).toBe(400);
    expect(body.error?.status).toBe('INVALID_ARGUMENT');
  });

  it('refuses an access token when its time is over', async () => {
    let now = NOW;
    const own = await startGoogle({
      clock: () => now,
      serviceAccounts: [{ email: CALLER, tokenCreators: [CALLER] }],
    });
    try {
      const metadata = await fetch(
        `${own.url}/computeMetadata/v1/instance/service-accounts/default/token`,
        { headers: { 'metadata-flavor': 'Google' } },
      );
      const { access_token } = (await metadata.json()) as { access_token: string };
      const status = async () => {
        const response = await fetch(
          `${own.url}/v1/projects/-/serviceAccounts/${CALLER}:generateIdToken`,
          {
            method: 'POST',
            headers: { authorization: `Bearer ${access_token}` },
            body: '{"audience":"a"}',
          },
        );
        return response.status;
      };
      now += 3_598_000;
      expect(await status()).toBe(200);
      now += 1000;
      expect(await status()).toBe(401);
    } finally {
      await own.stop();
    }
  });
});
