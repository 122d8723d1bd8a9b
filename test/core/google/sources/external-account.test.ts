import { symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Aws, startAws } from '../../../../dev/aws/start-aws.ts';
import { close, listen } from '../../../../dev/google/listen.ts';
import { type Google, startGoogle } from '../../../../dev/google/start-google.ts';
import { ConfigError } from '../../../../src/core/config-error.ts';
import { CLOUD_PLATFORM } from '../../../../src/core/google/access-token-source.ts';
import {
  type ExternalAccount,
  parseExternalAccount,
} from '../../../../src/core/google/credentials/parse-external-account.ts';
import type { Environment } from '../../../../src/core/google/environment.ts';
import { createExternalAccountSource } from '../../../../src/core/google/sources/external-account.ts';
import type { JsonObject } from '../../../../src/core/json.ts';
import { thrownBy } from '../../../cloud-run/support.ts';
import { createCleanUp, failureOf, inTime, SECRET } from './subject-token/support.ts';

const POOL = 'iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/ci';
const OIDC = `//${POOL}/providers/builds`;
const AWS = `//${POOL}/providers/aws`;
const TARGET = 'rerun@demo-project.iam.gserviceaccount.com';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';
const AWS4_REQUEST = 'urn:ietf:params:aws:token-type:aws4_request';

const cleanUp = createCleanUp();
const issuer = createServer();
let aws: Aws;
let google: Google;
let subjectToken: string;

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1' }] };
  issuer.on('request', (_, response) => response.end(JSON.stringify(jwks)));
  const issuerUrl = `http://127.0.0.1:${await listen(issuer, '127.0.0.1', 0)}`;
  subjectToken = await new SignJWT()
    .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
    .setIssuer(issuerUrl)
    .setAudience(OIDC)
    .setSubject('build-7')
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(privateKey);
  aws = await startAws({
    availabilityZone: 'us-west-2-lax-1a',
    container: { authorizationToken: 'pod-token' },
  });
  google = await startGoogle({
    serviceAccounts: [{ email: TARGET, tokenCreators: [`principalSet://${POOL}/*`] }],
    workloadIdentityProviders: [
      { audience: OIDC, issuer: issuerUrl, jwksUri: `${issuerUrl}/jwks` },
      { audience: AWS, aws: { accountId: '123456789012', accessKeys: aws.accessKeys } },
    ],
  });
});
afterEach(async () => {
  google.recover();
  await cleanUp.run();
});
afterAll(async () => {
  await google.stop();
  await aws.stop();
  await close(issuer);
});

const file = (credential_source: JsonObject, changes: JsonObject = {}): JsonObject => ({
  type: 'external_account',
  audience: OIDC,
  subject_token_type: JWT,
  token_url: `${google.url}/v1/token`,
  credential_source,
  ...changes,
});

function sourceOf(json: JsonObject, environment: Environment = {}) {
  const account = parseExternalAccount(json, 'here');
  return createExternalAccountSource(account, {
    clock: Date.now,
    environment: { STS_ENDPOINT: google.url, ...environment },
  });
}

async function tokenFile(content: string): Promise<string> {
  const written = path.join(await cleanUp.directory(), 'token');
  await writeFile(written, content);
  return written;
}

/** Whether Google lets the bearer do what the members of the pool may do. */
async function isTaken(json: JsonObject, environment?: Environment): Promise<boolean> {
  const source = sourceOf(json, environment);
  const token = await source.fetchAccessToken(CLOUD_PLATFORM, inTime());
  expect(token.expires_at_ms - Date.now()).toBeGreaterThan(3_500_000);
  const response = await fetch(
    `${google.url}/v1/projects/-/serviceAccounts/${TARGET}:generateIdToken`,
    {
      method: 'POST',
      headers: { authorization: `Bearer ${token.text}` },
      body: '{"audience":"https://tasks.example"}',
    },
  );
  await response.body?.cancel();
  return response.status === 200;
}

describe('an external account', () => {
  it("gives a federated access token for a projected token's file", async () => {
    const written = await tokenFile(`${subjectToken}\n`);
    const link = path.join(await cleanUp.directory(), 'link');
    await symlink(written, link);
    expect(await isTaken(file({ file: link }))).toBe(true);
  });

  it('gives one for a token of Azure', async () => {
    const url = await cleanUp.serve((request, response) => {
      response.statusCode = request.headers.metadata === 'True' ? 200 : 400;
      response.end(JSON.stringify({ access_token: subjectToken }));
    });
    const source = {
      url: `${url}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=x`,
      headers: { Metadata: 'True' },
      format: { type: 'json', subject_token_field_name: 'access_token' },
    };
    expect(await isTaken(file(source))).toBe(true);
  });

  it('gives one for what an executable prints', async () => {
    const response = { version: 1, success: true, token_type: JWT, id_token: subjectToken };
    const printed = await tokenFile(JSON.stringify(response));
    const credential = file({ executable: { command: `/bin/cat "${printed}"` } });
    const environment = { GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES: '1' };
    expect(await isTaken(credential, environment)).toBe(true);
    expect(sourceOf(credential, environment).fetch_limit_ms).toBe(40_000);
    expect(thrownBy(() => sourceOf(credential))).toBeInstanceOf(ConfigError);
  });

  it('gives one for the identity of an EC2 instance in a local zone', async () => {
    const credential = file(
      { ...aws.credentialSource },
      { audience: AWS, subject_token_type: AWS4_REQUEST },
    );
    expect(await isTaken(credential)).toBe(true);
  });

  it('gives one for the identity of a pod or task on AWS', async () => {
    const credential = file(
      { ...aws.credentialSource },
      { audience: AWS, subject_token_type: AWS4_REQUEST },
    );
    const environment = {
      AWS_REGION: 'eu-west-1',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: aws.containerCredentialsUri,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'pod-token',
    };
    expect(await isTaken(credential, environment)).toBe(true);
  });

  it('gives one for the identity that the environment of AWS holds', async () => {
    await isTaken(
      file({ ...aws.credentialSource }, { audience: AWS, subject_token_type: AWS4_REQUEST }),
    );
    const [key] = aws.accessKeys();
    const { environment_id, regional_cred_verification_url } = aws.credentialSource;
    const credential = file(
      { environment_id, regional_cred_verification_url },
      { audience: AWS, subject_token_type: AWS4_REQUEST },
    );
    const environment = {
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: key?.accessKeyId,
      AWS_SECRET_ACCESS_KEY: key?.secretAccessKey,
      AWS_SESSION_TOKEN: key?.sessionToken,
    };
    expect(await isTaken(credential, environment)).toBe(true);
    const wrong = sourceOf(credential, { ...environment, AWS_SECRET_ACCESS_KEY: SECRET });
    const reason = await failureOf(wrong.fetchAccessToken(CLOUD_PLATFORM, inTime()));
    expect(reason).toBe('the token exchange failed: HTTP 400 invalid_grant');
  });

  it('asks for the scope that is wanted', async () => {
    const source = sourceOf(file({ file: await tokenFile(subjectToken) }));
    const { text } = await source.fetchAccessToken('https://www.googleapis.com/auth/run', inTime());
    const response = await fetch(
      `${google.url}/v1/projects/-/serviceAccounts/${TARGET}:generateIdToken`,
      {
        method: 'POST',
        headers: { authorization: `Bearer ${text}` },
        body: '{"audience":"https://tasks.example"}',
      },
    );
    await response.body?.cancel();
    expect(response.status).toBe(403);
  });

  it('asks Google for nothing without a subject token', async () => {
    const before = google.calls().sts_token;
    const source = sourceOf(file({ file: '/nonexistent/token' }));
    const reason = await failureOf(source.fetchAccessToken(CLOUD_PLATFORM, inTime()));
    expect(reason).toBe("the subject token's file cannot be read: ENOENT");
    expect(google.calls().sts_token).toBe(before);
  });

  it('tells a subject token that Google does not take, without it', async () => {
    const source = sourceOf(file({ file: await tokenFile(SECRET) }));
    const reason = await failureOf(source.fetchAccessToken(CLOUD_PLATFORM, inTime()));
    expect(reason).toBe('the token exchange failed: HTTP 400 invalid_grant');
  });

  it.each([
    ['no JSON', SECRET],
    ['a number', '7'],
    ['null', 'null'],
    ['no access token', `{"id_token":"${SECRET}"}`],
    ['no life', `{"access_token":"${SECRET}"}`],
    ['a token with a line break', `{"access_token":"${SECRET}\\n","expires_in":60}`],
  ])('refuses an answer with %s', async (_, body) => {
    google.fail({ endpoint: 'sts_token', body });
    const source = sourceOf(file({ file: await tokenFile(subjectToken) }));
    const reason = await failureOf(source.fetchAccessToken(CLOUD_PLATFORM, inTime()));
    expect(reason).toBe('the answer is not an access token');
  });

  describe('is named', () => {
    const account: ExternalAccount = {
      audience: OIDC,
      subject_token_type: JWT,
      token_url: 'https://sts.googleapis.com/v1/token',
      impersonation: undefined,
      source: {
        kind: 'url',
        url: 'https://tokens.example/',
        headers: { authorization: SECRET },
        format: { type: 'text' },
      },
    };
    const name = (of: ExternalAccount) =>
      createExternalAccountSource(of, { clock: Date.now, environment: {} }).credential;

    it('the same each time, and without its secrets', () => {
      expect(name(account)).toBe(name(structuredClone(account)));
      expect(name(account)).toMatch(/^external:[0-9a-f]{64}$/);
    });

    const { source } = account;
    it.each([
      ['audience', { audience: AWS }],
      ['subject_token_type', { subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' }],
      ['token_url', { token_url: 'https://sts.mtls.googleapis.com/v1/token' }],
      ['impersonation', { impersonation: { endpoint: 'https://x', service_account: TARGET } }],
      ['kind', { source: { kind: 'file', file: '/x', format: { type: 'text' } } }],
      ['url', { source: { ...source, url: 'https://tokens.example/2' } }],
      ['header', { source: { ...source, headers: { authorization: 'other' } } }],
      [
        'format',
        { source: { ...source, format: { type: 'json', subject_token_field_name: 'x' } } },
      ],
    ] as [string, Partial<ExternalAccount>][])('otherwise with another %s', (_, changes) => {
      expect(name({ ...account, ...changes })).not.toBe(name(account));
    });
  });
});
