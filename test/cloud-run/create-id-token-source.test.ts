import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { faultPresets } from '../../dev/google/fault-presets.ts';
import { type Google, startGoogle } from '../../dev/google/start-google.ts';
import {
  createIdTokenSource,
  type Impersonated,
} from '../../src/cloud-run/create-id-token-source.ts';
import type { IdTokenSource } from '../../src/cloud-run/id-token-source.ts';
import { ConfigError } from '../../src/core/config-error.ts';
import { createAccessTokens } from '../../src/core/google/access-tokens.ts';
import { parseCredentials } from '../../src/core/google/credentials/parse-credentials.ts';
import { failureReason } from '../../src/core/google/failure-reason.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { AUDIENCE, frozenClock } from './support.ts';

const GATEWAY = 'gateway@demo-project.iam.gserviceaccount.com';
const READER = 'reader@demo-project.iam.gserviceaccount.com';
const RERUNNER = 'rerunner@demo-project.iam.gserviceaccount.com';
const ALICE = 'alice@example.com';
const CLIENT = '123-abc.apps.googleusercontent.com';

const clock = frozenClock();
let google: Google;
beforeAll(async () => {
  google = await startGoogle({
    clock,
    serviceAccounts: [
      { email: GATEWAY },
      { email: READER, tokenCreators: [GATEWAY, ALICE] },
      { email: RERUNNER, tokenCreators: [READER] },
    ],
    users: [
      { email: ALICE, clientId: CLIENT, clientSecret: 'not-so-secret', refreshToken: '1//alice' },
      {
        email: 'bob@example.com',
        clientId: CLIENT,
        clientSecret: 'not-so-secret',
        refreshToken: '1//bob',
        scopes: ['https://www.googleapis.com/auth/cloud-platform'],
      },
    ],
  });
});
beforeEach(() => google.recover());
afterAll(() => google.stop());

const inTime = () => AbortSignal.timeout(5000);
const impersonated = (service_account: string, delegates: string[] = []): Impersonated => ({
  service_account,
  delegates,
});

function source(json: JsonObject | 'metadata', account?: Impersonated): IdTokenSource {
  const credentials =
    json === 'metadata'
      ? ({ type: 'metadata_server' } as const)
      : parseCredentials({ text: JSON.stringify(json), where: 'config.credentials' });
  return createIdTokenSource({ credentials, origin: 'config.credentials' }, account, {
    clock,
    environment: {
      GCE_METADATA_HOST: google.metadataHost,
      IAM_CREDENTIALS_ENDPOINT: google.url,
    },
    tokens: createAccessTokens({ clock }),
  });
}

const claimsOf = async (from: IdTokenSource) =>
  decodeJwt(await from.fetchIdToken(AUDIENCE, inTime()));
const reasonOf = (from: IdTokenSource) =>
  from.fetchIdToken(AUDIENCE, inTime()).then(() => 'no failure', failureReason);
const key = (email: string) => ({ ...google.serviceAccountKey(email) });
const user = (email: string) => ({
  ...google.authorizedUser(email),
  token_uri: `${google.url}/token`,
});
const impersonationUrl = (email: string) =>
  `${google.url}/v1/projects/-/serviceAccounts/${email}:generateAccessToken`;
const impersonatedFile = (email: string, source_credentials: JsonObject) => ({
  type: 'impersonated_service_account',
  service_account_impersonation_url: impersonationUrl(email),
  source_credentials,
});

describe('ID tokens of an account that is impersonated', () => {
  it.each<[string, () => JsonObject | 'metadata']>([
    ['the metadata server', () => 'metadata'],
    ['a service account key', () => key(GATEWAY)],
    ['a developer', () => user(ALICE)],
  ])('come by %s', async (_, credentials) => {
    const from = source(credentials(), impersonated(READER));
    expect(from.account).toBe(READER);
    expect(await claimsOf(from)).toMatchObject({
      aud: AUDIENCE,
      email: READER,
      email_verified: true,
    });
  });

  it('come through delegates', async () => {
    const claims = await claimsOf(source('metadata', impersonated(RERUNNER, [READER])));
    expect(claims.email).toBe(RERUNNER);
    expect(await reasonOf(source('metadata', impersonated(RERUNNER)))).toMatch(
      /^permission denied/,
    );
  });

  it('need one access token, however many audiences there are', async () => {
    const from = source('metadata', impersonated(READER));
    const before = google.calls();
    await Promise.all(['https://a', 'https://b'].map((a) => from.fetchIdToken(a, inTime())));
    expect(google.calls().metadata_token - before.metadata_token).toBe(1);
    expect(google.calls().generate_id_token - before.generate_id_token).toBe(2);
  });

  it('are asked for with a new access token where the old one is not taken, unless it has just come', async () => {
    const from = source('metadata', impersonated(READER));
    await claimsOf(from);
    clock.advance(60_000);
    google.fail({ endpoint: 'generate_id_token', status: 401 });
    expect((await claimsOf(from)).email).toBe(READER);
    const before = google.calls();
    google.fail({ endpoint: 'generate_id_token', status: 401, times: 10 });
    expect(await reasonOf(from)).toBe('generateIdToken answered HTTP 401');
    expect(google.calls().metadata_token - before.metadata_token).toBe(0);
    expect(google.calls().generate_id_token - before.generate_id_token).toBe(1);
  });

  it('are asked for three times in a passing fault', async () => {
    google.fail({ endpoint: 'generate_id_token', status: 503, times: 2 });
    expect((await claimsOf(source('metadata', impersonated(READER)))).email).toBe(READER);
  });

  it.each<[string, string, () => void]>([
    [
      'a limit',
      'generateIdToken answered HTTP 429',
      () => {
        google.fail(faultPresets.tooManyRequests('generate_id_token', 1));
      },
    ],
    [
      'an answer without token',
      'generateIdToken answered without a token',
      () => {
        google.fail({
          endpoint: 'generate_id_token',
          body: '{}',
          headers: { 'content-type': 'application/json' },
        });
      },
    ],
    [
      'a page',
      'generateIdToken answered with something else',
      () => {
        google.fail({ endpoint: 'generate_id_token', body: '<html>ya29.secret</html>' });
      },
    ],
    [
      'no access token',
      'no access token can be had: HTTP 403',
      () => {
        google.fail({ endpoint: 'metadata_token', status: 403, body: 'ya29.secret' });
      },
    ],
    [
      'no such account',
      'there is no such service account',
      () => {
        google.fail({ endpoint: 'generate_id_token', status: 404 });
      },
    ],
  ])(
    'are not there in case of %s, of which nothing but the kind is told',
    async (_, reason, fail) => {
      fail();
      expect(await reasonOf(source('metadata', impersonated(READER)))).toBe(reason);
    },
  );

  it('are told apart by account, delegates and who impersonates', () => {
    const all = [
      source('metadata', impersonated(READER)),
      source('metadata', impersonated(RERUNNER)),
      source('metadata', impersonated(READER, [RERUNNER])),
      source(key(GATEWAY), impersonated(READER)),
      source('metadata'),
    ].map(({ credential }) => credential);
    expect(new Set(all).size).toBe(all.length);
    expect(JSON.stringify(all)).not.toContain('PRIVATE');
  });

  it('are never sent after a redirect', async () => {
    google.fail({
      endpoint: 'generate_id_token',
      status: 307,
      headers: { location: `${google.url}/elsewhere` },
    });
    const before = google.calls().unknown;
    expect(await reasonOf(source('metadata', impersonated(READER)))).toBe(
      'generateIdToken answered HTTP 307',
    );
    expect(google.calls().unknown).toBe(before);
  });
});

describe('a service account key', () => {
  it('of the account itself needs no impersonation', async () => {
    const before = google.calls().generate_id_token;
    expect((await claimsOf(source(key(READER), impersonated(READER)))).email).toBe(READER);
    expect(google.calls().generate_id_token).toBe(before);
  });
});

describe('the file of an impersonated account', () => {
  it('gives ID tokens of that account', async () => {
    const from = source(impersonatedFile(READER, user(ALICE)));
    expect(await claimsOf(from)).toMatchObject({ email: READER, aud: AUDIENCE });
  });

  it('may be led on from', async () => {
    const from = source(impersonatedFile(READER, user(ALICE)), impersonated(RERUNNER));
    expect((await claimsOf(from)).email).toBe(RERUNNER);
  });

  it('must not hold another of its kind', () => {
    const inner = impersonatedFile(READER, user(ALICE));
    expect(() => source(impersonatedFile(READER, inner))).toThrow('use delegates');
  });

  it.each([
    'https://evil.example.com/',
    'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b:generateIdToken',
    'http://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b:generateAccessToken',
    'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b/../c@d:generateAccessToken',
    7,
  ])(
    'must name the account in a URL of the known form, not %s',
    (service_account_impersonation_url) => {
      const file = { ...impersonatedFile(READER, user(ALICE)), service_account_impersonation_url };
      expect(() => source(file)).toThrow(ConfigError);
    },
  );
});

describe("a developer's own account", () => {
  it('gives an ID token for the OAuth client, whatever the audience', async () => {
    const from = source(user(ALICE));
    expect(from.fixed_audience).toBe(CLIENT);
    expect(await claimsOf(from)).toMatchObject({ aud: CLIENT, email: ALICE });
  });

  it('without an ID token is told how to get one', async () => {
    expect(await reasonOf(source(user('bob@example.com')))).toContain('config.service_account');
  });

  it('whose login was revoked is told by the error code', async () => {
    const stale = { ...user(ALICE), refresh_token: '1//gone' };
    expect(await reasonOf(source(stale))).toBe('HTTP 400 invalid_grant');
  });

  it('is refused by each member that is missing, and never quoted', () => {
    expect(() => source({ type: 'authorized_user', client_secret: 's\n3cret' })).toThrow(
      new ConfigError([
        'config.credentials: client_id must be a string',
        'config.credentials: client_secret must not contain control characters',
        'config.credentials: refresh_token must be a string',
      ]),
    );
  });
});

describe('an external account', () => {
  const federated = (changes: JsonObject = {}): JsonObject => ({
    type: 'external_account',
    audience:
      '//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/p/providers/q',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: 'https://sts.googleapis.com/v1/token',
    credential_source: { file: '/var/run/token' },
    ...changes,
  });

  it('has no ID tokens of its own', () => {
    expect(() => source(federated())).toThrow('set config.service_account');
  });

  it('speaks for the account that its file or the route names', () => {
    const url = impersonationUrl(READER);
    expect(source(federated({ service_account_impersonation_url: url })).account).toBe(READER);
    expect(source(federated(), impersonated(RERUNNER)).account).toBe(RERUNNER);
  });
});

describe('an answer of the IAM Credentials API', () => {
  it('is not read from a server that takes its time beyond the signal', async () => {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const from = createIdTokenSource(
      { credentials: { type: 'metadata_server' }, origin: 'the metadata server' },
      impersonated(READER),
      {
        clock,
        environment: {
          GCE_METADATA_HOST: google.metadataHost,
          IAM_CREDENTIALS_ENDPOINT: `http://127.0.0.1:${port}`,
        },
        tokens: createAccessTokens({ clock }),
      },
    );
    const reason = await from
      .fetchIdToken(AUDIENCE, AbortSignal.timeout(100))
      .then(() => 'no failure', failureReason);
    expect(reason).toBe('no complete answer in time');
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
