import { describe, expect, it } from 'vitest';
import { grantCommands } from '../../../../../src/cli/doctor/online/google/grant-commands.ts';
import { parseCredentials } from '../../../../../src/core/google/credentials/parse-credentials.ts';
import type { JsonObject } from '../../../../../src/core/json.ts';
import { GATEWAY, READER } from '../support.ts';

const ALONE = { delegates: [], attached: undefined };
const POOL = 'iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool';
const impersonation = (email: string) =>
  `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${email}:generateAccessToken`;
const bind = (target: string, member: string, role: string) =>
  `gcloud iam service-accounts add-iam-policy-binding ${target} --member=${member} --role=roles/iam.${role}`;

const credentialsOf = (json: JsonObject) => ({
  credentials: parseCredentials({ text: JSON.stringify(json), where: 'config.credentials' }),
});
const federated = (more: JsonObject = {}) => ({
  type: 'external_account',
  audience: `//${POOL}/providers/provider`,
  subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
  token_url: 'https://sts.googleapis.com/v1/token',
  credential_source: { file: '/var/run/token' },
  ...more,
});
const user = {
  type: 'authorized_user',
  client_id: 'client',
  client_secret: 'secret',
  refresh_token: 'refresh',
};

describe('the account of the machine', () => {
  const credentials = { credentials: { type: 'metadata_server' } } as const;

  it('is named where the metadata server tells it', () => {
    expect(grantCommands(credentials, READER, { ...ALONE, attached: GATEWAY })).toBe(
      bind(READER, `serviceAccount:${GATEWAY}`, 'serviceAccountOpenIdTokenCreator'),
    );
  });

  it('is to be filled in where it does not', () => {
    expect(grantCommands(credentials, READER, ALONE)).toBe(
      bind(READER, 'serviceAccount:GATEWAY_ACCOUNT', 'serviceAccountOpenIdTokenCreator'),
    );
  });
});

it('lets the subject of a workload identity pool impersonate', () => {
  expect(grantCommands(credentialsOf(federated()), READER, ALONE)).toBe(
    bind(READER, `principal://${POOL}/subject/SUBJECT`, 'workloadIdentityUser'),
  );
});

it('lets it impersonate the account of its own file', () => {
  const file = federated({ service_account_impersonation_url: impersonation(GATEWAY) });
  expect(grantCommands(credentialsOf(file), undefined, ALONE)).toBe(
    bind(GATEWAY, `principal://${POOL}/subject/SUBJECT`, 'workloadIdentityUser'),
  );
  expect(grantCommands(credentialsOf(file), READER, ALONE)).toBe(
    bind(READER, `serviceAccount:${GATEWAY}`, 'serviceAccountOpenIdTokenCreator'),
  );
});

it("lets a developer impersonate, without the developer's address", () => {
  const file = {
    type: 'impersonated_service_account',
    service_account_impersonation_url: impersonation(READER),
    delegates: [GATEWAY],
    source_credentials: user,
  };
  expect(grantCommands(credentialsOf(file), undefined, ALONE)?.split('\n')).toEqual([
    bind(GATEWAY, 'user:$(gcloud config get account)', 'serviceAccountTokenCreator'),
    bind(READER, `serviceAccount:${GATEWAY}`, 'serviceAccountTokenCreator'),
  ]);
});

it('knows no command where nothing is impersonated', () => {
  expect(grantCommands(credentialsOf(user), undefined, ALONE)).toBeUndefined();
});
