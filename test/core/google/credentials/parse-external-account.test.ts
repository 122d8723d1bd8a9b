import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../../src/core/config-error.ts';
import { parseExternalAccount } from '../../../../src/core/google/credentials/parse-external-account.ts';
import type { JsonObject, JsonValue } from '../../../../src/core/json.ts';
import { thrownBy } from '../../../cloud-run/support.ts';

const SECRET = 'c3VwZXJzZWNyZXQ';
const POOL = '//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/p';
const AUDIENCE = `${POOL}/providers/q`;
const JWT = 'urn:ietf:params:oauth:token-type:jwt';
const SAML = 'urn:ietf:params:oauth:token-type:saml2';
const AWS4_REQUEST = 'urn:ietf:params:aws:token-type:aws4_request';
const AWS = {
  environment_id: 'aws1',
  region_url: 'http://169.254.169.254/latest/meta-data/placement/availability-zone',
  url: 'http://169.254.169.254/latest/meta-data/iam/security-credentials',
  regional_cred_verification_url:
    'https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15',
  imdsv2_session_token_url: 'http://169.254.169.254/latest/api/token',
};
const AZURE = {
  url: `http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https:${AUDIENCE}`,
  headers: { Metadata: 'True' },
  format: { type: 'json', subject_token_field_name: 'access_token' },
};

const file = (changes: JsonObject = {}): JsonObject => ({
  universe_domain: 'googleapis.com',
  type: 'external_account',
  audience: AUDIENCE,
  subject_token_type: JWT,
  token_url: 'https://sts.googleapis.com/v1/token',
  credential_source: { file: '/var/run/token' },
  ...changes,
});

const parse = (changes?: JsonObject) => parseExternalAccount(file(changes), 'here');
const sourceOf = (credential_source: JsonValue, subject_token_type = JWT) =>
  parse({ credential_source, subject_token_type }).source;

function problemsOf(work: () => unknown): string {
  const error = thrownBy(work);
  expect(error).toBeInstanceOf(ConfigError);
  const text = (error as ConfigError).problems.join('\n');
  expect(text).not.toContain(SECRET);
  return text;
}

describe('an external_account file', () => {
  it('is read as gcloud writes it for a file', () => {
    expect(parse()).toEqual({
      audience: AUDIENCE,
      subject_token_type: JWT,
      token_url: 'https://sts.googleapis.com/v1/token',
      impersonation: undefined,
      source: { kind: 'file', file: '/var/run/token', format: { type: 'text' } },
    });
  });

  it('may name an account to impersonate', () => {
    const service_account = 'a@b.iam.gserviceaccount.com';
    const endpoint = 'https://iamcredentials.googleapis.com';
    const service_account_impersonation_url = `${endpoint}/v1/projects/-/serviceAccounts/${service_account}:generateAccessToken`;
    const { impersonation } = parse({ service_account_impersonation_url });
    expect(impersonation).toEqual({ endpoint, service_account });
  });

  it('is read as gcloud writes it for Azure', () => {
    expect(sourceOf(AZURE)).toEqual({ kind: 'url', ...AZURE });
  });

  it('is read as gcloud writes it for AWS, with and without instance metadata', () => {
    expect(sourceOf(AWS, AWS4_REQUEST)).toEqual({ kind: 'aws', ...AWS });
    const { environment_id, regional_cred_verification_url } = AWS;
    const source = { environment_id, regional_cred_verification_url };
    expect(sourceOf(source, AWS4_REQUEST)).toEqual({ kind: 'aws', ...source });
  });

  it('is read as gcloud writes it for an executable', () => {
    const command = '/opt/token --pool "a b"';
    expect(sourceOf({ executable: { command } }, SAML)).toEqual({
      kind: 'executable',
      command: ['/opt/token', '--pool', 'a b'],
      timeout_millis: 30_000,
    });
    const executable = { command, timeout_millis: 5000, output_file: '/tmp/token.json' };
    expect(sourceOf({ executable })).toMatchObject({
      timeout_millis: 5000,
      output_file: '/tmp/token.json',
    });
  });

  it('is of a file where it names a URL too, as AIP-4117 prefers it', () => {
    expect(sourceOf({ ...AZURE, file: '/token' }).kind).toBe('file');
  });

  it('takes a format without a type for text', () => {
    expect(sourceOf({ file: '/token', format: {} })).toMatchObject({ format: { type: 'text' } });
  });

  it.each([
    `${POOL}.svc.id.goog/providers/k8s-1`,
    'identitynamespace:fleet-host.svc.id.goog:https://gkehub.googleapis.com/projects/f/locations/global/memberships/c',
  ])('may be of the provider %s', (audience) =>
    expect(parse({ audience }).audience).toBe(audience),
  );

  it.each([
    '//iam.googleapis.com/locations/global/workforcePools/p/providers/q',
    'https://iam.googleapis.com/locations/global/workforcePools/p/providers/q',
  ])('of the workforce pool %s is refused for that', (audience) => {
    const problems = problemsOf(() => parse({ audience, workforce_pool_user_project: SECRET }));
    expect(problems).toBe(
      'here: audience is of a workforce pool, which is for people; use a provider of a workload identity pool',
    );
  });

  it.each([
    ['', 'must not be empty'],
    [POOL, 'must be the provider of a workload identity pool'],
    [`https:${AUDIENCE}`, 'must be the provider of a workload identity pool'],
    [`${AUDIENCE}/x`, 'must be the provider of a workload identity pool'],
    [`${AUDIENCE}\nforged log line`, 'must not contain control characters'],
    [7, 'must be a string'],
  ])('is refused with the audience %j', (audience, problem) => {
    expect(problemsOf(() => parse({ audience }))).toContain(`here: audience ${problem}`);
  });

  it.each([
    [{ token_url: 'http://sts.example.com' }, 'here: token_url must be an https URL'],
    [{ token_url: null }, 'here: token_url must be an https URL'],
    [{ service_account_impersonation_url: SECRET }, 'service_account_impersonation_url must be'],
    [{ credential_source: [SECRET] }, 'here: credential_source must be an object'],
    [{ credential_source: {} }, 'credential_source: needs file, url, environment_id (AWS) or exec'],
  ])('is refused with %j', (changes, problem) => {
    expect(problemsOf(() => parse(changes))).toContain(problem);
  });

  it('lists every problem at once', () => {
    const problems = problemsOf(() =>
      parse({ audience: '', token_url: '', subject_token_type: 1 }),
    );
    expect(problems.split('\n').length).toBeGreaterThanOrEqual(3);
  });

  it('with a certificate is refused with what is supported', () => {
    const certificate = { use_default_certificate_config: true };
    expect(problemsOf(() => sourceOf({ certificate, file: '/x' }))).toContain(
      'certificate (X.509 federation) is not supported; use file, url, environment_id (AWS) or executable',
    );
  });

  it.each([
    ['file', { file: '/x' }, AWS4_REQUEST],
    ['url', AZURE, 'urn:ietf:params:oauth:token-type:access_token'],
    ['executable', { executable: { command: '/x' } }, 'urn:ietf:params:oauth:token-type:mtls'],
    ['aws', AWS, JWT],
  ])('of the kind %s is refused with a token of another type', (kind, source, type) => {
    const problems = problemsOf(() => sourceOf(source, type));
    expect(problems).toContain('here: subject_token_type must be one of urn:ietf:params:');
    expect(problems).toContain(`of the kind ${kind}`);
    expect(problems).not.toContain(type);
  });

  const NOT_HEADERS = 'headers must be an object of header names and values';
  const NOT_URL = 'url must be a URL of http or https';
  const NOT_FORMAT = 'format must be of type text or json, and json needs subject_token_field_name';
  const NOT_COMMAND = 'executable.command must be the absolute path of a program';
  const NOT_TIMEOUT = 'executable.timeout_millis must be a whole number of milliseconds';
  it.each([
    [{ file: '' }, 'file must not be empty'],
    [{ file: '/a\0b' }, 'file must not contain control characters'],
    [{ file: '/x', format: { type: SECRET } }, NOT_FORMAT.replace('format', 'format.type')],
    [{ file: '/x', format: 'json' }, NOT_FORMAT],
    [{ file: '/x', format: { type: 'json' } }, 'format.subject_token_field_name must be a string'],
    [{ url: `ftp://${SECRET}/` }, NOT_URL],
    [{ url: `https://user:${SECRET}@x/` }, NOT_URL],
    [{ url: `https://x/${SECRET}\n` }, NOT_URL],
    [{ url: `https://x/#${SECRET}` }, NOT_URL],
    [{ url: 'https://x/', headers: [SECRET] }, NOT_HEADERS],
    [{ url: 'https://x/', headers: { a: 1 } }, NOT_HEADERS],
    [{ url: 'https://x/', headers: { a: `${SECRET}\r\nb: c` } }, NOT_HEADERS],
    [{ url: 'https://x/', headers: { [`a\n${SECRET}`]: 'b' } }, NOT_HEADERS],
    [{ executable: SECRET }, 'executable must be an object'],
    [{ executable: { command: `token ${SECRET}` } }, NOT_COMMAND],
    [{ executable: { command: `./token ${SECRET}` } }, NOT_COMMAND],
    [{ executable: { command: `/token "${SECRET}` } }, NOT_COMMAND],
    [{ executable: { command: '  ' } }, NOT_COMMAND],
    [{ executable: { command: '/x', timeout_millis: 4999 } }, NOT_TIMEOUT],
    [{ executable: { command: '/x', timeout_millis: 120_001 } }, NOT_TIMEOUT],
    [{ executable: { command: '/x', timeout_millis: '5000' } }, NOT_TIMEOUT],
    [
      { executable: { command: '/x', output_file: 'x' } },
      'executable.output_file must be an absolute path',
    ],
  ])('is refused with the source %j', (source, problem) => {
    expect(problemsOf(() => sourceOf(source))).toContain(`here: credential_source: ${problem}`);
  });

  it.each([
    [{ environment_id: 'aws2' }, 'environment_id must be aws1'],
    [{ region_url: 'file:///etc/passwd' }, 'region_url must be a URL of http or https'],
    [{ url: 7 }, NOT_URL],
    [{ regional_cred_verification_url: null }, 'regional_cred_verification_url must be'],
    [
      {
        regional_cred_verification_url: AWS.regional_cred_verification_url.replace(
          'amazonaws',
          'x',
        ),
      },
      'regional_cred_verification_url must be https://sts.{region}.amazonaws.com',
    ],
    [
      {
        regional_cred_verification_url: AWS.regional_cred_verification_url.replace('{region}', 'x'),
      },
      'with {region} as it stands',
    ],
  ])('of AWS is refused with %j', (changes, problem) => {
    const source = { ...AWS, ...changes } as JsonObject;
    expect(problemsOf(() => sourceOf(source, AWS4_REQUEST))).toContain(problem);
  });
});
