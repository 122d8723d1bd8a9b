import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Aws, type AwsOptions, startAws } from '../../../../../dev/aws/start-aws.ts';
import { ConfigError } from '../../../../../src/core/config-error.ts';
import type { AwsSource } from '../../../../../src/core/google/credentials/parse-credential-source.ts';
import type { Environment } from '../../../../../src/core/google/environment.ts';
import { createAwsSource } from '../../../../../src/core/google/sources/subject-token/aws.ts';
import { thrownBy } from '../../../../cloud-run/support.ts';
import { createCleanUp, failureOf, inTime, SECRET } from './support.ts';

const AUDIENCE =
  '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/aws';
const VERIFICATION_URL =
  'https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15';
const REGION = { AWS_REGION: 'eu-west-1' };
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: SECRET };

const cleanUp = createCleanUp();
const started: Aws[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((aws) => aws.stop()));
  await cleanUp.run();
});

async function start(options: AwsOptions = {}): Promise<Aws> {
  const aws = await startAws(options);
  started.push(aws);
  return aws;
}

/** What gcloud writes without the URLs of instance metadata. */
const bare = { environment_id: 'aws1', regional_cred_verification_url: VERIFICATION_URL } as const;

function sourceOf(environment: Environment, source: Partial<AwsSource> = {}) {
  const { region_url, url, imdsv2_session_token_url } = source;
  const full = { ...bare, region_url, url, imdsv2_session_token_url };
  return createAwsSource(full, AUDIENCE, environment);
}

/** Where it is sent, by which key it is signed for which region, and with which session. */
async function fetchIdentity(environment: Environment, source?: Partial<AwsSource>) {
  const token = await sourceOf(environment, source).fetchSubjectToken(inTime());
  const request = JSON.parse(decodeURIComponent(token));
  const headers = new Map<string, string>(
    request.headers.map((header: { key: string; value: string }) => [header.key, header.value]),
  );
  const [, key, region] =
    /Credential=(\w+)\/\d+\/([\w-]+)\/sts\//.exec(headers.get('authorization') ?? '') ?? [];
  return { url: request.url, key, region, session: headers.get('x-amz-security-token') };
}

describe('the AWS source', () => {
  it('signs with the key of the environment, and asks nobody', async () => {
    const aws = await start();
    const identity = await fetchIdentity({ ...REGION, ...KEYS }, aws.credentialSource);
    expect(identity).toEqual({
      url: VERIFICATION_URL.replace('{region}', 'eu-west-1'),
      key: KEYS.AWS_ACCESS_KEY_ID,
      region: 'eu-west-1',
      session: undefined,
    });
    expect(Object.values(aws.calls()).every((count) => count === 0)).toBe(true);
  });

  it('sends the session token of the environment', async () => {
    const environment = { ...REGION, ...KEYS, AWS_SESSION_TOKEN: 'session' };
    expect((await fetchIdentity(environment)).session).toBe('session');
  });

  it.each([
    [{ AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'eu-west-2' }, 'eu-west-1'],
    [{ AWS_REGION: '', AWS_DEFAULT_REGION: 'eu-west-2' }, 'eu-west-2'],
    [{ AWS_DEFAULT_REGION: 'us-gov-west-1' }, 'us-gov-west-1'],
  ])('takes the region of %j', async (variables, region) => {
    expect((await fetchIdentity({ ...KEYS, ...variables })).region).toBe(region);
  });

  it.each([
    ['eu-central-1a', 'eu-central-1'],
    ['us-west-2-lax-1a', 'us-west-2'],
  ])(
    'finds region and key of an instance in %s by IMDSv2, in one session',
    async (zone, region) => {
      const aws = await start({ availabilityZone: zone });
      const identity = await fetchIdentity({}, aws.credentialSource);
      const [key] = aws.accessKeys();
      expect(identity).toMatchObject({ region, key: key?.accessKeyId, session: key?.sessionToken });
      expect(aws.calls()).toMatchObject({ imds_token: 1, imds_role: 1, imds_credentials: 1 });
    },
  );

  it('speaks IMDSv1 where the credential does not name IMDSv2', async () => {
    const aws = await start({ httpTokens: 'optional' });
    const { imdsv2_session_token_url: _, ...source } = aws.credentialSource;
    expect((await fetchIdentity({}, source)).key).toBe(aws.accessKeys()[0]?.accessKeyId);
    expect(aws.calls().imds_token).toBe(0);
  });

  it('signs anew with what AWS has in the meantime', async () => {
    const aws = await start();
    const first = await fetchIdentity({}, aws.credentialSource);
    aws.rotateCredentials();
    const second = await fetchIdentity({}, aws.credentialSource);
    expect(second.key).not.toBe(first.key);
  });

  it('tells that no role is attached to the instance', async () => {
    const aws = await start({ role: null });
    const reason = await failureOf(
      sourceOf(REGION, aws.credentialSource).fetchSubjectToken(inTime()),
    );
    expect(reason).toBe('AWS instance metadata failed: HTTP 404');
  });

  it.each([
    ['imds_token', `${SECRET} x`, 'the answer of imdsv2_session_token_url is not a token'],
    ['imds_availability_zone', SECRET, 'the answer of region_url is not a zone or region of AWS'],
    ['imds_role', `../${SECRET}`, 'instance metadata is not the name of a role'],
    ['imds_role', '', 'instance metadata is not the name of a role'],
    ['imds_credentials', `{"SecretAccessKey":"${SECRET}"}`, 'metadata is not AWS credentials'],
    ['imds_credentials', SECRET, 'metadata is not AWS credentials'],
    ['imds_credentials', SECRET.repeat(5000), 'the answer is too large'],
  ] as const)(
    'refuses it where %s answers with something else',
    async (endpoint, body, problem) => {
      const aws = await start();
      aws.fail({ endpoint, body, times: Number.POSITIVE_INFINITY });
      const source = sourceOf({}, aws.credentialSource);
      expect(await failureOf(source.fetchSubjectToken(inTime()))).toContain(problem);
    },
  );

  it('follows no redirect of instance metadata', async () => {
    const aws = await start();
    const headers = { location: `${aws.url}/elsewhere` };
    aws.fail({ endpoint: 'imds_token', status: 307, headers });
    const source = sourceOf({}, aws.credentialSource);
    const reason = await failureOf(source.fetchSubjectToken(inTime()));
    expect(reason).toBe('AWS instance metadata failed: HTTP 307');
    expect(aws.calls().unknown).toBe(0);
  });

  it('tells what is wrong where IMDSv2 never answers, as by its hop limit in a container', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const url = await cleanUp.serve(() => vi.advanceTimersByTime(3000));
      const source = sourceOf(REGION, { url, imdsv2_session_token_url: `${url}/latest/api/token` });
      const reason = await failureOf(source.fetchSubjectToken(new AbortController().signal));
      expect(reason).toContain('HttpPutResponseHopLimit must be at least 2');
    } finally {
      vi.useRealTimers();
    }
  });

  it('asks the container rather than the instance', async () => {
    const aws = await start({ container: { authorizationToken: 'pod token' } });
    const environment = {
      ...REGION,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: aws.containerCredentialsUri,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'pod token',
    };
    const identity = await fetchIdentity(environment, aws.credentialSource);
    expect(identity.key).toBe(aws.accessKeys()[0]?.accessKeyId);
    expect(aws.calls()).toMatchObject({ container_credentials: 1, imds_token: 0 });
  });

  it("reads the pod's token from its file each time", async () => {
    const aws = await start({ container: { authorizationToken: SECRET } });
    const file = path.join(await cleanUp.directory(), 'token');
    const source = sourceOf({
      ...REGION,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: aws.containerCredentialsUri,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'not looked at',
    });
    const fetching = () => source.fetchSubjectToken(inTime());
    expect(await failureOf(fetching())).toBe(
      'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read: ENOENT',
    );
    await writeFile(file, `${SECRET}x`);
    expect(await failureOf(fetching())).toBe('AWS container credentials failed: HTTP 403');
    await writeFile(file, `${SECRET}\r\nx: y`);
    expect(await failureOf(fetching())).toBe(
      'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE holds something else',
    );
    await writeFile(file, `${SECRET}\n`);
    expect(await fetching()).toContain(aws.accessKeys()[0]?.accessKeyId);
  });

  it('refuses an answer of the container without a secret key', async () => {
    const aws = await start();
    const body = JSON.stringify({ AccessKeyId: SECRET, Token: SECRET });
    aws.fail({ endpoint: 'container_credentials', body });
    const AWS_CONTAINER_CREDENTIALS_FULL_URI = aws.containerCredentialsUri;
    const source = sourceOf({ ...REGION, AWS_CONTAINER_CREDENTIALS_FULL_URI });
    expect(await failureOf(source.fetchSubjectToken(inTime()))).toBe(
      'the answer of the container is not AWS credentials',
    );
  });

  it.each([
    ['no region', KEYS, ['AWS_REGION: is needed, because the credential has no region_url']],
    ['no key', REGION, [expect.stringContaining('AWS_ACCESS_KEY_ID, AWS_CONTAINER')]],
    ['half a key', { ...REGION, AWS_ACCESS_KEY_ID: 'AKIA' }, [expect.any(String)]],
    ['neither', {}, [expect.any(String), expect.any(String)]],
    [
      'a key with a line break',
      { ...REGION, ...KEYS, AWS_SECRET_ACCESS_KEY: `${SECRET}\n` },
      [expect.stringContaining('are not AWS credentials')],
    ],
    [
      'a region that would be another host',
      { ...KEYS, AWS_REGION: 'evil.example/' },
      ['AWS_REGION: must be a region such as eu-west-1'],
    ],
    [
      'a header that is none',
      {
        ...REGION,
        AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/credentials/x',
        AWS_CONTAINER_AUTHORIZATION_TOKEN: `${SECRET}\nx: y`,
      },
      ['AWS_CONTAINER_AUTHORIZATION_TOKEN: is not a header value'],
    ],
  ])('is refused with %s', (_, environment, problems) => {
    const error = thrownBy(() => sourceOf(environment));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ problems });
    expect(String(error)).not.toContain(SECRET);
  });
});
