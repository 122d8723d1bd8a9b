import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Google, startGoogle } from '../../../dev/google/start-google.ts';
import { type SignOptions, signCallerIdentity } from '../aws/sign-caller-identity.ts';

const NOW = Date.UTC(2026, 10, 23, 9, 0, 0);
const DATE = '20261123T090000Z';
const POOL = 'iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/aws';
const AUDIENCE = `//${POOL}/providers/aws`;
const LENIENT = `//${POOL}/providers/lenient`;
const OIDC = `//${POOL}/providers/oidc`;
const ROLE = 'arn:aws:sts::210987654321:assumed-role/gateway';
const AWS_TYPE = 'urn:ietf:params:aws:token-type:aws4_request';
const SESSION = {
  accessKeyId: 'ASIAEXAMPLE0000000001',
  secretAccessKey: 'session-secret',
  sessionToken: 'session/token+=',
  arn: `${ROLE}/i-1`,
};
const OTHER_SESSION = { ...SESSION, accessKeyId: 'ASIAEXAMPLE0000000003', arn: `${ROLE}/i-2` };
const USER = {
  accessKeyId: 'AKIAEXAMPLE0000000002',
  secretAccessKey: 'user-secret',
  arn: 'arn:aws:iam::210987654321:user/ci',
};
const STRANGER = { ...USER, accessKeyId: 'AKIAX', arn: 'arn:aws:iam::999999999999:user/ci' };

let google: Google;

beforeAll(async () => {
  const aws = { accountId: '210987654321', accessKeys: [SESSION, OTHER_SESSION, USER, STRANGER] };
  google = await startGoogle({
    clock: () => NOW,
    serviceAccounts: [
      account('by-subject', `principal://${POOL}/subject/${SESSION.arn}`),
      account('by-role', `principalSet://${POOL}/attribute.aws_role/${ROLE}`),
      account('by-user', `principalSet://${POOL}/attribute.aws_role/${USER.arn}`),
      account('by-pool', `principalSet://${POOL}/*`),
    ],
    workloadIdentityProviders: [
      { audience: AUDIENCE, aws },
      { audience: LENIENT, aws: { ...aws, acceptUnsignedTarget: true } },
      { audience: OIDC, issuer: 'https://issuer.example' },
    ],
  });
});
afterAll(() => google.stop());

function account(name: string, member: string) {
  return { email: `${name}@demo-project.iam.gserviceaccount.com`, tokenCreators: [member] };
}

/** A request as the reference of `subject_token` describes it; `change` spoils it after it was signed. */
function subjectToken(
  options: Partial<SignOptions> = {},
  change: (request: Record<string, unknown>) => void = () => undefined,
): string {
  const { url, method, headers } = signCallerIdentity({
    key: SESSION,
    date: DATE,
    ...options,
    headers: { 'x-goog-cloud-target-resource': AUDIENCE, ...options.headers },
  });
  const request = {
    url,
    method,
    headers: [...headers].map(([key, value]) => ({ key, value })),
  };
  change(request);
  return encodeURIComponent(JSON.stringify(request));
}

async function exchange(token: string, fields: Record<string, string> = {}) {
  const response = await fetch(`${google.url}/v1/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      audience: AUDIENCE,
      scope: 'https://www.googleapis.com/auth/cloud-platform',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      subject_token_type: AWS_TYPE,
      subject_token: token,
      ...fields,
    }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** @returns the accounts that the caller may impersonate */
async function reach(token: string): Promise<string[]> {
  const { body } = await exchange(token);
  const reached = [];
  for (const name of ['by-subject', 'by-role', 'by-user', 'by-pool']) {
    const email = `${name}@demo-project.iam.gserviceaccount.com`;
    const url = `${google.url}/v1/projects/-/serviceAccounts/${email}:generateIdToken`;
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${body.access_token}` },
      body: '{"audience":"https://tasks.example"}',
    });
    if (response.status === 200) reached.push(name);
  }
  return reached;
}

describe('the token exchange for AWS', () => {
  it('gives a federated access token', async () => {
    expect(await exchange(subjectToken())).toEqual({
      status: 200,
      body: {
        access_token: expect.stringMatching(/^ya29\./),
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        token_type: 'Bearer',
        expires_in: 3599,
      },
    });
  });

  it('maps a session to its ARN and its role', async () => {
    expect(await reach(subjectToken())).toEqual(['by-subject', 'by-role', 'by-pool']);
    expect(await reach(subjectToken({ key: OTHER_SESSION }))).toEqual(['by-role', 'by-pool']);
  });

  it('maps a user to the ARN in both', async () => {
    expect(await reach(subjectToken({ key: USER }))).toEqual(['by-user', 'by-pool']);
  });

  it('takes the provider with https: before it', async () => {
    const headers = { 'x-goog-cloud-target-resource': `https:${AUDIENCE}` };
    expect((await exchange(subjectToken({ headers }))).status).toBe(200);
  });

  it('takes header names in any case', async () => {
    const token = subjectToken({}, (request) => {
      const headers = request.headers as { key: string; value: string }[];
      request.headers = headers.map(({ key, value }) => ({
        key: key === 'authorization' ? 'Authorization' : key,
        value,
      }));
    });
    expect((await exchange(token)).status).toBe(200);
  });

  it('takes an unsigned target only from a provider that says so', async () => {
    const unsigned = (audience: string) =>
      subjectToken({
        headers: { 'x-goog-cloud-target-resource': audience },
        signedHeaders: ['host', 'x-amz-date', 'x-amz-security-token'],
      });
    expect((await exchange(unsigned(AUDIENCE))).body).toMatchObject({
      error: 'invalid_grant',
      error_description: expect.stringContaining('not signed'),
    });
    expect((await exchange(unsigned(LENIENT), { audience: LENIENT })).status).toBe(200);
  });

  const drop = (name: string) => (request: Record<string, unknown>) => {
    const headers = request.headers as { key: string }[];
    request.headers = headers.filter(({ key }) => key !== name);
  };
  it.each([
    ['no target', subjectToken({}, drop('x-goog-cloud-target-resource')), /target-resource/],
    [
      'the target of another provider',
      subjectToken({ headers: { 'x-goog-cloud-target-resource': LENIENT } }),
      /target-resource/,
    ],
    ['no signature', subjectToken({}, drop('authorization')), /authorization/],
    ['no date', subjectToken({}, drop('x-amz-date')), /x-amz-date/],
    ['no host', subjectToken({}, drop('host')), /host/],
    ['no session token', subjectToken({}, drop('x-amz-security-token')), /InvalidClientTokenId/],
    ['a signature that is too old', subjectToken({ date: '20261123T084459Z' }), /SignatureDoes/],
    ['another secret', subjectToken({ key: { ...USER, secretAccessKey: 'x' } }), /SignatureDoes/],
    ['the key of another account', subjectToken({ key: STRANGER }), /999999999999/],
    ['GET', subjectToken({ method: 'GET' }), /POST/],
    [
      'another host',
      subjectToken({ url: 'https://sts.example/?Action=GetCallerIdentity&Version=2011-06-15' }),
      /endpoint of AWS STS/,
    ],
    [
      'a host that only begins like AWS',
      subjectToken({
        url: 'https://sts.eu-central-1.amazonaws.com.evil.example/?Action=GetCallerIdentity&Version=2011-06-15',
      }),
      /endpoint of AWS STS/,
    ],
    [
      'plain http',
      subjectToken({
        url: 'http://sts.eu-central-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15',
      }),
      /endpoint of AWS STS/,
    ],
    [
      'another action',
      subjectToken({
        url: 'https://sts.eu-central-1.amazonaws.com/?Action=AssumeRole&Version=2011-06-15',
      }),
      /GetCallerIdentity/,
    ],
    [
      'a header that is given twice',
      subjectToken({}, (request) => {
        (request.headers as unknown[]).push({ key: 'Host', value: 'sts.example' });
      }),
      /format/,
    ],
    [
      'a member beyond the three',
      subjectToken({}, (request) => {
        request.body = '';
      }),
      /format/,
    ],
    ['JSON that is not URL-encoded', decodeURIComponent(subjectToken()), /format/],
    ['no JSON', 'x', /format/],
    ['broken encoding', '%7', /format/],
  ] as [string, string, RegExp][])('refuses %s', async (_, token, description) => {
    expect(await exchange(token)).toEqual({
      status: 400,
      body: { error: 'invalid_grant', error_description: expect.stringMatching(description) },
    });
  });

  it('refuses a kind of token that the provider does not take', async () => {
    const jwt = 'urn:ietf:params:oauth:token-type:jwt';
    for (const fields of [{ subject_token_type: jwt }, { audience: OIDC }]) {
      expect(await exchange(subjectToken(), fields)).toMatchObject({
        status: 400,
        body: { error: 'invalid_request' },
      });
    }
  });
});
