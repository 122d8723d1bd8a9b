import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { faultPresets } from '../../../../dev/google/fault-presets.ts';
import { type Google, startGoogle } from '../../../../dev/google/start-google.ts';
import { serve } from './serve.ts';
import { GATEWAY, HOST, look, READER, type RouteOptions, wrong } from './support.ts';

const OTHER = 'other@demo-project.iam.gserviceaccount.com';
const DEVELOPER = 'dev@example.com';

let google: Google;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  google = await startGoogle({
    serviceAccounts: [
      { email: GATEWAY },
      { email: READER, tokenCreators: [GATEWAY, DEVELOPER] },
      { email: OTHER },
    ],
    users: [
      {
        email: DEVELOPER,
        clientId: 'client.apps',
        clientSecret: 'secret',
        refreshToken: 'refresh',
      },
    ],
  });
});
afterEach(() => google.recover());
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await google.stop();
});

const environment = () => ({
  IAM_CREDENTIALS_ENDPOINT: google.url,
  GCE_METADATA_HOST: google.metadataHost,
});
const credentials = (routes: readonly RouteOptions[], more: object = {}) =>
  look('credentials', routes, { environment: { ...environment(), ...more } });
const route = (cloud_run_token: object = {}, name = 'tasks') => ({ name, cloud_run_token });

function fileOf(content: object, mode = 0o600): string {
  const file = join(folder, 'credentials.json');
  writeFileSync(file, JSON.stringify(content));
  chmodSync(file, mode);
  return file;
}

describe('the account of the machine', () => {
  it('is named, with what its ID tokens are for', async () => {
    expect(await credentials([route()])).toEqual([
      {
        check: 'credentials',
        severity: 'ok',
        route: 'tasks',
        message: `${GATEWAY}, by the metadata server: there are ID tokens for https://${HOST}.`,
      },
    ]);
  });

  it('is asked once for however many routes', async () => {
    const before = google.calls();
    const findings = await credentials([route({}, 'a'), route({}, 'b'), route({}, 'c')]);
    const after = google.calls();
    expect(findings).toHaveLength(1);
    expect(after.metadata_identity - before.metadata_identity).toBe(1);
    expect(after.metadata_token - before.metadata_token).toBe(1);
  });

  it('is one finding where there is no metadata server, whatever the routes', async () => {
    const gone = await startGoogle();
    await gone.stop();
    const findings = await credentials(
      [route({}, 'a'), route({ audience: 'b' }, 'b'), route({ service_account: READER }, 'c')],
      { GCE_METADATA_HOST: gone.metadataHost },
    );
    expect(findings).toEqual([
      {
        check: 'credentials',
        severity: 'error',
        message:
          'There is no answer of the metadata server for an ID token: ECONNREFUSED (routes a, b, c).',
        fix: 'export GOOGLE_APPLICATION_CREDENTIALS=/path/to/credentials.json   # where this machine is not on Google Cloud',
      },
    ]);
  });

  it('needs an annotation on GKE', async () => {
    google.fail(faultPresets.gkeNotAnnotated());
    expect(await credentials([route()])).toMatchObject([
      {
        severity: 'error',
        message: expect.stringContaining(
          `There is no ID token for ${GATEWAY}, by the metadata server: HTTP 404`,
        ),
        fix: expect.stringContaining('iam.gke.io/gcp-service-account='),
      },
    ]);
  });

  it('needs a role on GKE', async () => {
    google.fail(faultPresets.gkeNotBound('metadata_identity'));
    const [finding] = await credentials([route()]);
    expect(finding?.fix).toBe(
      `gcloud iam service-accounts add-iam-policy-binding ${GATEWAY} --member='serviceAccount:PROJECT.svc.id.goog[NAMESPACE/NAME]' --role=roles/iam.workloadIdentityUser   # on GKE`,
    );
  });

  it('may have no access tokens, which only some routes need', async () => {
    google.fail(faultPresets.gkeNotBound('metadata_token'));
    expect(wrong(await credentials([route()]))).toMatchObject([
      { severity: 'warning', message: expect.stringContaining('There is no access token for') },
    ]);
    const routes = [route({}, 'a'), route({ service_account: READER }, 'b')];
    expect(wrong(await credentials(routes))).toMatchObject([
      { severity: 'error', message: expect.stringMatching(/\(routes a, b\)\.$/) },
    ]);
  });

  it('is one finding where it has neither tokens, though both say why', async () => {
    google.fail(faultPresets.gkeNotBound('metadata_token'));
    google.fail(faultPresets.gkeNotAnnotated());
    const routes = [route({}, 'a'), route({ service_account: READER }, 'b')];
    expect(await credentials(routes)).toMatchObject([
      { severity: 'error', message: expect.stringMatching(/no ID token .*\(routes a, b\)\.$/) },
    ]);
  });

  it('may be of another cloud', async () => {
    const other = await serve((_, response) => response.writeHead(404).end());
    const GCE_METADATA_HOST = new URL(other.url).host;
    const [finding] = await credentials([route()], { GCE_METADATA_HOST });
    await other.stop();
    expect(finding).toMatchObject({
      message: expect.stringContaining('does not come from a metadata server of Google'),
      fix: expect.stringContaining('GOOGLE_APPLICATION_CREDENTIALS='),
    });
  });

  it.each([
    ['without an email', { email: undefined }, 'have no email'],
    ['with an email that is not verified', { email_verified: false }, 'is not verified'],
    ['that others issued', { iss: 'https://id.test' }, 'are not issued by'],
    ['of another account', { email: OTHER }, 'are of another account'],
  ])('has ID tokens %s', async (_, claims, told) => {
    const changes = Object.fromEntries(
      Object.entries(claims).map(([name, value]) => [name, value ?? null]),
    );
    const token = await google.idToken(GATEWAY, `https://${HOST}`, changes);
    google.fail({
      endpoint: 'metadata_identity',
      body: token,
      headers: { 'metadata-flavor': 'Google' },
    });
    const findings = await credentials([route()]);
    expect(findings).toMatchObject([{ severity: 'error', message: expect.stringContaining(told) }]);
    expect(JSON.stringify(findings)).not.toContain(token);
    expect(JSON.stringify(findings)).not.toContain(OTHER);
  });
});

describe('an account that is impersonated', () => {
  it('has ID tokens where the credentials may', async () => {
    const findings = await credentials([route({ service_account: READER })]);
    expect(findings).toMatchObject([
      {
        severity: 'ok',
        message: `${READER}, by the metadata server: there are ID tokens for https://${HOST}.`,
      },
    ]);
  });

  it('needs a role for the account of the machine, which the command grants', async () => {
    expect(await credentials([route({ service_account: OTHER })])).toEqual([
      {
        check: 'credentials',
        severity: 'error',
        route: 'tasks',
        message: `${GATEWAY} may not impersonate ${OTHER}, or iamcredentials.googleapis.com is not enabled.`,
        fix: `gcloud iam service-accounts add-iam-policy-binding ${OTHER} --member=serviceAccount:${GATEWAY} --role=roles/iam.serviceAccountOpenIdTokenCreator`,
      },
    ]);
  });

  it('needs a role for each link of the delegates', async () => {
    const [finding] = await credentials([route({ service_account: OTHER, delegates: [READER] })]);
    expect(finding?.fix?.split('\n')).toEqual([
      `gcloud iam service-accounts add-iam-policy-binding ${READER} --member=serviceAccount:${GATEWAY} --role=roles/iam.serviceAccountTokenCreator`,
      `gcloud iam service-accounts add-iam-policy-binding ${OTHER} --member=serviceAccount:${READER} --role=roles/iam.serviceAccountOpenIdTokenCreator`,
    ]);
  });

  it('is looked at for each account that policies may name', async () => {
    const config = { allowed_service_accounts: [READER, OTHER] };
    const findings = await credentials([route(config)]);
    expect(findings.map(({ severity, message }) => [severity, message.split(/,| may/)[0]])).toEqual(
      [
        ['ok', GATEWAY],
        ['ok', READER],
        ['error', GATEWAY],
      ],
    );
  });

  it('may not exist', async () => {
    const nobody = 'nobody@demo-project.iam.gserviceaccount.com';
    expect(await credentials([route({ service_account: nobody })])).toMatchObject([
      {
        severity: 'error',
        message: `There is no ID token for ${nobody}, by the metadata server: there is no such service account.`,
        fix: `gcloud iam service-accounts describe ${nobody}`,
      },
    ]);
  });
});

describe("a service account's key", () => {
  it('works, and is better replaced', async () => {
    const file = fileOf(google.serviceAccountKey(GATEWAY));
    const findings = await credentials([route({ credentials: file })]);
    expect(findings).toMatchObject([
      {
        severity: 'info',
        message: expect.stringContaining(
          `config.credentials (file ${file}) is a service account's key`,
        ),
        fix: expect.stringContaining('create-cred-config'),
      },
      { severity: 'ok', message: expect.stringContaining(`${GATEWAY}, by config.credentials`) },
    ]);
  });

  it('must not be readable by everybody', async () => {
    const file = fileOf(google.serviceAccountKey(GATEWAY), 0o644);
    const findings = await credentials([route()], { GOOGLE_APPLICATION_CREDENTIALS: file });
    expect(findings).toContainEqual({
      check: 'credentials',
      severity: 'warning',
      route: 'tasks',
      message: `Every user of this machine may read the private key in GOOGLE_APPLICATION_CREDENTIALS (file ${file}) (mode 644).`,
      fix: `chmod o-rwx ${file}`,
    });
  });

  it('may be readable by a group', async () => {
    const file = fileOf(google.serviceAccountKey(GATEWAY), 0o640);
    const findings = await credentials([route({ credentials: file })]);
    expect(findings.filter(({ severity }) => severity === 'warning')).toEqual([]);
  });

  it('may be deleted', async () => {
    google.fail({
      endpoint: 'oauth_token',
      status: 400,
      body: '{"error":"invalid_grant"}',
      headers: { 'content-type': 'application/json' },
      times: Number.POSITIVE_INFINITY,
    });
    const file = fileOf(google.serviceAccountKey(GATEWAY));
    const findings = await credentials([route({ credentials: file })]);
    expect(wrong(findings).filter(({ severity }) => severity !== 'info')).toMatchObject([
      {
        severity: 'error',
        message: expect.stringContaining('HTTP 400 invalid_grant'),
        fix: `gcloud iam service-accounts keys list --iam-account=${GATEWAY}`,
      },
    ]);
  });

  it('is in no finding', async () => {
    const key = google.serviceAccountKey(GATEWAY);
    const findings = await credentials([route({ credentials: JSON.stringify(key) })]);
    const told = JSON.stringify(findings);
    expect(told).not.toContain(key.private_key.split('\n')[1]);
    expect(told).not.toMatch(/eyJ|ya29/);
  });
});

it("says that a developer's login is for development", async () => {
  const user = { ...google.authorizedUser(DEVELOPER), token_uri: `${google.url}/token` };
  const findings = await credentials([
    route({ credentials: fileOf(user), service_account: READER }),
  ]);
  expect(findings).toMatchObject([
    { severity: 'warning', message: expect.stringContaining('is for development only') },
    { severity: 'ok', message: expect.stringContaining(READER) },
  ]);
});

it('repeats what is wrong with a credential', async () => {
  const findings = await credentials([
    route({ credentials: '/nowhere/key.json' }, 'a'),
    route({ credentials: '/nowhere/key.json' }, 'b'),
  ]);
  expect(findings).toEqual([
    {
      check: 'credentials',
      severity: 'error',
      message: 'config.credentials (file /nowhere/key.json): cannot be read: ENOENT (routes a, b).',
    },
  ]);
});

it('says that a reference to a vault cannot be seen from here', async () => {
  const findings = await credentials([route({ credentials: '{vault://env/google-key}' })]);
  expect(findings).toMatchObject([
    {
      severity: 'info',
      route: 'tasks',
      message: expect.stringContaining('cannot be seen from here'),
    },
  ]);
});

it('finds nothing where no route has cloud-run-token', async () => {
  expect(await credentials([{}])).toEqual([]);
});
