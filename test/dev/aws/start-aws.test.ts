import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Aws, type AwsOptions, startAws } from '../../../dev/aws/start-aws.ts';

const NOW = Date.UTC(2026, 10, 23, 9, 0, 0);
const CREDENTIALS = '/latest/meta-data/iam/security-credentials';

let aws: Aws;
let now = NOW;

beforeEach(() => {
  now = NOW;
});
afterEach(() => aws.stop());

async function start(options: AwsOptions = {}) {
  aws = await startAws({ clock: () => now, ...options });
}

async function request(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const response = await fetch(`${aws.url}${path}`, { method, headers });
  return { status: response.status, body: await response.text(), headers: response.headers };
}

function startSession(ttl: string | undefined, headers: Record<string, string> = {}) {
  const asked = ttl === undefined ? {} : { 'x-aws-ec2-metadata-token-ttl-seconds': ttl };
  return request('/latest/api/token', { ...asked, ...headers }, 'PUT');
}

async function get(path: string) {
  const { body } = await startSession('300');
  return await request(path, { 'x-aws-ec2-metadata-token': body });
}

describe('an IMDSv2 session', () => {
  it('is as long as asked, up to six hours', async () => {
    await start();
    for (const ttl of ['1', '21600']) {
      const { status, headers } = await startSession(ttl);
      expect(status).toBe(200);
      expect(headers.get('x-aws-ec2-metadata-token-ttl-seconds')).toBe(ttl);
    }
    for (const ttl of [undefined, '0', '21601', '-1', '1.5', 'x']) {
      expect((await startSession(ttl)).status).toBe(400);
    }
  });

  it('is not started for a proxy, nor by GET', async () => {
    await start();
    expect((await startSession('300', { 'x-forwarded-for': '10.0.0.1' })).status).toBe(403);
    expect((await request('/latest/api/token')).status).toBe(405);
  });

  it('is needed for everything, and ends', async () => {
    await start();
    const { body: token } = await startSession('300');
    const paths = [
      '/latest/meta-data/placement/availability-zone',
      `${CREDENTIALS}/`,
      `${CREDENTIALS}/gateway`,
    ];
    for (const path of paths) {
      expect((await request(path)).status).toBe(401);
      expect((await request(path, { 'x-aws-ec2-metadata-token': 'x' })).status).toBe(401);
      expect((await request(path, { 'x-aws-ec2-metadata-token': token })).status).toBe(200);
    }
    now += 300_000;
    for (const path of paths) {
      expect((await request(path, { 'x-aws-ec2-metadata-token': token })).status).toBe(401);
    }
  });

  it('is not needed where IMDSv1 is on, but a wrong token is refused', async () => {
    await start({ httpTokens: 'optional' });
    expect((await request(`${CREDENTIALS}/gateway`)).status).toBe(200);
    const wrong = { 'x-aws-ec2-metadata-token': 'x' };
    expect((await request(`${CREDENTIALS}/gateway`, wrong)).status).toBe(401);
  });
});

describe('instance metadata', () => {
  it('tells the availability zone, the region and the role', async () => {
    await start();
    expect((await get('/latest/meta-data/placement/availability-zone')).body).toBe('eu-central-1a');
    expect((await get('/latest/meta-data/placement/region')).body).toBe('eu-central-1');
    expect((await get(CREDENTIALS)).body).toBe('gateway');
    expect((await get(`${CREDENTIALS}/`)).body).toBe('gateway');
  });

  it('gives credentials of the role, the same until five minutes before their end', async () => {
    await start();
    const first: unknown = JSON.parse((await get(`${CREDENTIALS}/gateway`)).body);
    expect(first).toEqual({
      Code: 'Success',
      LastUpdated: '2026-11-23T09:00:00Z',
      Type: 'AWS-HMAC',
      AccessKeyId: expect.stringMatching(/^ASIA[0-9A-F]{16}$/),
      SecretAccessKey: expect.any(String),
      Token: expect.any(String),
      Expiration: '2026-11-23T15:00:00Z',
    });
    now += (21600 - 300) * 1000;
    expect(JSON.parse((await get(`${CREDENTIALS}/gateway`)).body)).toEqual(first);
    now += 1000;
    expect(JSON.parse((await get(`${CREDENTIALS}/gateway`)).body)).not.toEqual(first);
    expect(aws.accessKeys()).toHaveLength(2);
    now += 300_000;
    expect(aws.accessKeys()).toHaveLength(1);
  });

  it('gives new credentials after a rotation, and AWS knows both', async () => {
    await start();
    const first = (await get(`${CREDENTIALS}/gateway`)).body;
    aws.rotateCredentials();
    expect((await get(`${CREDENTIALS}/gateway`)).body).not.toBe(first);
    expect(aws.accessKeys().map(({ arn }) => arn)).toEqual([aws.instanceArn, aws.instanceArn]);
  });

  it('is 404 for another role, another path, and where no role is attached', async () => {
    await start();
    expect((await get(`${CREDENTIALS}/other`)).status).toBe(404);
    expect((await get('/latest/user-data')).status).toBe(404);
    await aws.stop();
    await start({ role: null });
    expect((await get(`${CREDENTIALS}/`)).status).toBe(404);
  });
});

describe('container credentials', () => {
  async function credentials(headers: Record<string, string> = {}) {
    const response = await fetch(aws.containerCredentialsUri, { headers });
    return { status: response.status, body: await response.text() };
  }

  it('are the JSON that the SDKs read', async () => {
    await start({ container: { path: '/v2/credentials/1234' } });
    const { status, body } = await credentials();
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual({
      AccessKeyId: expect.stringMatching(/^ASIA/),
      SecretAccessKey: expect.any(String),
      Token: expect.any(String),
      AccountId: '123456789012',
      Expiration: '2026-11-23T15:00:00Z',
    });
    expect(aws.containerCredentialsUri).toBe(`${aws.url}/v2/credentials/1234`);
    expect(aws.accessKeys()[0]?.arn).toBe(aws.containerArn);
  });

  it('need the token where one is configured', async () => {
    await start({ container: { authorizationToken: 'pod-token' } });
    expect((await credentials()).status).toBe(400);
    expect((await credentials({ authorization: 'Bearer pod-token' })).status).toBe(403);
    expect((await credentials({ authorization: 'pod-token' })).status).toBe(200);
  });
});

describe('faults of the AWS stand-in', () => {
  it('are counted and injected by endpoint', async () => {
    await start({ httpTokens: 'optional' });
    aws.fail({ endpoint: 'imds_credentials', status: 503 });
    expect((await request(CREDENTIALS)).status).toBe(200);
    expect((await request(`${CREDENTIALS}/gateway`)).status).toBe(503);
    expect((await request(`${CREDENTIALS}/gateway`)).status).toBe(200);
    aws.fail({ endpoint: 'any', body: '{"AccessKeyId":' });
    expect((await request(`${CREDENTIALS}/gateway`)).body).toBe('{"AccessKeyId":');
    expect(aws.calls()).toMatchObject({ imds_role: 1, imds_credentials: 3, imds_token: 0 });
  });
});
