import { createServer } from 'node:http';
import {
  AwsClient,
  GoogleAuth,
  IdentityPoolClient,
  Impersonated,
  UserRefreshClient,
} from 'google-auth-library';
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Aws, startAws } from '../../../dev/aws/start-aws.ts';
import { type CloudRun, startCloudRun } from '../../../dev/cloud-run/start-cloud-run.ts';
import { close, listen } from '../../../dev/google/listen.ts';
import { type Google, startGoogle } from '../../../dev/google/start-google.ts';

const AUDIENCE = 'https://tasks.example';
const GATEWAY = 'gateway@demo-project.iam.gserviceaccount.com';
const RERUN = 'rerun@demo-project.iam.gserviceaccount.com';
const POOL = 'iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/ci';
const PROVIDER = `//${POOL}/providers/builds`;
const AWS_PROVIDER = `//${POOL}/providers/aws`;
const ALICE = 'alice@example.com';

const issuer = createServer();
let google: Google;
let aws: Aws;
let cloudRun: CloudRun;
let subjectToken: string;

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1' }] };
  issuer.on('request', (_, response) => response.end(JSON.stringify(jwks)));
  const issuerUrl = `http://127.0.0.1:${await listen(issuer, '127.0.0.1', 0)}`;
  subjectToken = await new SignJWT()
    .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
    .setIssuer(issuerUrl)
    .setAudience(PROVIDER)
    .setSubject('build-7')
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(privateKey);
  aws = await startAws();
  google = await startGoogle({
    users: [{ email: ALICE, clientId: 'gcloud', clientSecret: 'secret', refreshToken: '1//alice' }],
    serviceAccounts: [
      { email: GATEWAY },
      { email: RERUN, tokenCreators: [GATEWAY, ALICE, `principalSet://${POOL}/*`] },
    ],
    workloadIdentityProviders: [
      { audience: PROVIDER, issuer: issuerUrl, jwksUri: `${issuerUrl}/jwks` },
      {
        audience: AWS_PROVIDER,
        // The library adds the header after signing.
        aws: { accountId: '123456789012', accessKeys: aws.accessKeys, acceptUnsignedTarget: true },
      },
    ],
  });
  cloudRun = await startCloudRun({
    service: 'tasks',
    audiences: [AUDIENCE],
    certsUrl: google.certsUrl,
    invokers: [GATEWAY, RERUN],
  });
  process.env.GCE_METADATA_HOST = google.metadataHost;
  delete process.env.GOOGLE_APPLICATION_CREDENTIALS;
  process.env.CLOUDSDK_CONFIG = '/nonexistent';
});
afterAll(async () => {
  delete process.env.GCE_METADATA_HOST;
  delete process.env.CLOUDSDK_CONFIG;
  await cloudRun.stop();
  await google.stop();
  await aws.stop();
  await close(issuer);
});

async function invoke(headers: Headers): Promise<{ status: number; invoker: unknown }> {
  const authorization = headers.get('authorization') ?? '';
  const response = await fetch(cloudRun.url, {
    headers: { 'x-serverless-authorization': authorization },
  });
  const body = (await response.json()) as { invoker: unknown };
  return { status: response.status, invoker: body.invoker };
}

describe('google-auth-library', () => {
  it('finds the metadata server and gets an ID token that Cloud Run accepts', async () => {
    const auth = new GoogleAuth();
    expect(await auth.getProjectId()).toBe('demo-project');
    const client = await auth.getIdTokenClient(AUDIENCE);
    expect(await invoke(await client.getRequestHeaders())).toEqual({
      status: 200,
      invoker: { email: GATEWAY, aud: AUDIENCE },
    });
    expect(google.calls().metadata_identity).toBe(1);
  });

  it('impersonates another account from the metadata server', async () => {
    const sourceClient = await new GoogleAuth({
      scopes: 'https://www.googleapis.com/auth/cloud-platform',
    }).getClient();
    const impersonated = new Impersonated({
      sourceClient,
      targetPrincipal: RERUN,
      targetScopes: ['https://www.googleapis.com/auth/cloud-platform'],
      endpoint: google.url,
    });
    const token = await impersonated.fetchIdToken(AUDIENCE);
    expect(decodeJwt(token)).toMatchObject({ email: RERUN, azp: RERUN, aud: AUDIENCE });
    const headers = new Headers({ authorization: `Bearer ${token}` });
    expect((await invoke(headers)).invoker).toEqual({ email: RERUN, aud: AUDIENCE });
    expect(await impersonated.getAccessToken()).toMatchObject({
      token: expect.stringMatching(/^ya29\./),
    });
  });

  it('reports the refusal when it may not impersonate', async () => {
    const sourceClient = await new GoogleAuth({
      scopes: 'https://www.googleapis.com/auth/cloud-platform',
    }).getClient();
    const impersonated = new Impersonated({
      sourceClient,
      targetPrincipal: GATEWAY,
      endpoint: google.url,
    });
    await expect(impersonated.fetchIdToken(AUDIENCE)).rejects.toThrow(/getOpenIdToken/);
  });

  it('exchanges an external token and impersonates with it', async () => {
    const sourceClient = new IdentityPoolClient({
      type: 'external_account',
      audience: PROVIDER,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${google.url}/v1/token`,
      subject_token_supplier: { getSubjectToken: async () => subjectToken },
    });
    const impersonated = new Impersonated({
      sourceClient,
      targetPrincipal: RERUN,
      endpoint: google.url,
    });
    expect(decodeJwt(await impersonated.fetchIdToken(AUDIENCE)).email).toBe(RERUN);
    expect(google.calls().sts_token).toBe(1);
  });

  // The library sends every assertion to oauth2.googleapis.com, whatever token_uri the key file names,
  // so its transport is pointed at the stand-in.
  it('gets an ID token with a service account key', async () => {
    const credentials = { ...google.serviceAccountKey(GATEWAY) };
    const fetchImplementation: typeof fetch = (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      expect(url.href).toBe('https://oauth2.googleapis.com/token');
      return fetch(credentials.token_uri, init);
    };
    const auth = new GoogleAuth({
      credentials,
      clientOptions: { transporterOptions: { fetchImplementation } },
    });
    const client = await auth.getIdTokenClient(AUDIENCE);
    expect(await invoke(await client.getRequestHeaders())).toEqual({
      status: 200,
      invoker: { email: GATEWAY, aud: AUDIENCE },
    });
    expect(google.calls().oauth_token).toBe(1);
  });

  it('refreshes the token of a user, and impersonates with it', async () => {
    const sourceClient = new UserRefreshClient({
      endpoints: { oauth2TokenUrl: `${google.url}/token` },
    });
    sourceClient.fromJSON(google.authorizedUser(ALICE));
    const impersonated = new Impersonated({
      sourceClient,
      targetPrincipal: RERUN,
      endpoint: google.url,
    });
    expect(decodeJwt(await impersonated.fetchIdToken(AUDIENCE)).email).toBe(RERUN);
    expect(decodeJwt(await sourceClient.fetchIdToken(AUDIENCE))).toMatchObject({
      email: ALICE,
      aud: 'gcloud',
    });
  });

  it('exchanges the identity of an EC2 instance, and impersonates with it', async () => {
    const sourceClient = new AwsClient({
      type: 'external_account',
      audience: AWS_PROVIDER,
      subject_token_type: 'urn:ietf:params:aws:token-type:aws4_request',
      token_url: `${google.url}/v1/token`,
      credential_source: aws.credentialSource,
    });
    const impersonated = new Impersonated({
      sourceClient,
      targetPrincipal: RERUN,
      endpoint: google.url,
    });
    expect(decodeJwt(await impersonated.fetchIdToken(AUDIENCE)).email).toBe(RERUN);
    expect(aws.calls()).toMatchObject({
      imds_availability_zone: 1,
      imds_role: 1,
      imds_credentials: 1,
    });
  });
});
