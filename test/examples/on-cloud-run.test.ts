import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CloudRunOptions, startCloudRun } from '../../dev/cloud-run/start-cloud-run.ts';
import { startGoogle } from '../../dev/google/start-google.ts';
import { send } from '../../dev/story/send.ts';
import { type RunningExample, runExample } from './run-example.ts';

const GATEWAY = 'gateway@example-project.iam.gserviceaccount.com';
const BOB = { sub: 'bob', groups: ['engineering'] };
const DAVE = { sub: 'dave', groups: ['sales'] };

interface Case {
  example: string;
  /** Of the Kong service. */
  host: string;
  service: Pick<CloudRunOptions, 'service' | 'audiences' | 'iap'>;
  path: string;
  /** Where clients address the gateway. */
  clientHost: string;
  audience: string;
}

const TASKS = 'tasks-123456789012.europe-west3.run.app';
const REPORTS = 'reports-123456789012.europe-west3.run.app';
const OAUTH_CLIENT = '123456789012-abc123def456.apps.googleusercontent.com';

const CASES: readonly Case[] = [
  {
    example: 'one-service',
    host: TASKS,
    service: { service: 'tasks', audiences: [`https://${TASKS}`] },
    path: '/tasks/7',
    clientHost: 'api.example.com',
    audience: `https://${TASKS}`,
  },
  {
    example: 'custom-domain',
    host: 'tasks.run.example.com',
    service: {
      service: 'tasks',
      audiences: [`https://${TASKS}`, 'https://tasks.run.example.com'],
    },
    path: '/tasks/7',
    clientHost: 'api.example.com',
    audience: 'https://tasks.run.example.com',
  },
  {
    example: 'behind-iap',
    host: REPORTS,
    service: {
      service: 'reports',
      audiences: [`https://${REPORTS}`],
      iap: { audience: OAUTH_CLIENT, accessors: [`serviceAccount:${GATEWAY}`] },
    },
    path: '/reports/7',
    clientHost: 'api.example.com',
    audience: OAUTH_CLIENT,
  },
];

/** @param invokers by default the gateway; behind IAP it is IAP that invokes the service */
function start({ example, host, service }: Case, invokers = [`serviceAccount:${GATEWAY}`]) {
  return runExample(example, async () => {
    const google = await startGoogle({
      projectId: 'example-project',
      serviceAccounts: [{ email: GATEWAY }],
    });
    const { certsUrl } = google;
    const running = await startCloudRun({ ...service, hosts: [host], certsUrl, invokers });
    return { google, services: { [host]: running } };
  });
}

describe.each(CASES)('examples/$example', (example) => {
  const { host, service, path, clientHost, audience } = example;
  let running: RunningExample;
  beforeAll(async () => {
    const iap = 'serviceAccount:service-123456789012@gcp-sa-iap.iam.gserviceaccount.com';
    running = await start(example, service.iap && [iap]);
  });
  afterAll(() => running?.stop());

  const ask = (claims?: Record<string, unknown>, headers = {}) =>
    running.ask({ path, headers: { host: clientHost, ...headers } }, claims);

  it('answers 401 where nobody says who is asking', async () => {
    expect(await ask()).toMatchObject({ status: 401, code: 'missing_token' });
  });

  it('answers 403 where the policy does not allow it', async () => {
    expect(await ask(DAVE)).toMatchObject({ status: 403, code: 'policy_denied' });
  });

  it('lets an engineer in, by the name that Google knows and with a token for it', async () => {
    const { status, body } = await ask(BOB);
    expect(status).toBe(200);
    const { service: name, path: seen, headers, invoker } = JSON.parse(body);
    expect({ name, seen, subject: headers['x-authenticated-subject'] }).toEqual({
      name: service.service,
      seen: path,
      subject: 'bob',
    });
    expect(invoker).toEqual({ email: GATEWAY, aud: audience });
    expect(decodeJwt(headers.authorization.slice('Bearer '.length)).sub).toBe('bob');
  });

  it('has no service behind it that answers without the gateway', async () => {
    const direct = running.services[host]?.url ?? '';
    const token = await running.issuer.sign(BOB);
    const headers = { host, authorization: `Bearer ${token}` };
    expect((await send(direct, { path, headers })).status).toBe(401);
  });
});

describe('examples/custom-domain', () => {
  let running: RunningExample;
  const [, customDomain] = CASES;
  if (customDomain === undefined) throw new Error('no such case');
  beforeAll(async () => {
    running = await start(customDomain);
  });
  afterAll(() => running?.stop());

  it('asks more of those who come by the name for administrators', async () => {
    const ask = (claims: Record<string, unknown>) =>
      running.ask({ path: '/tasks/7', headers: { host: 'admin.example.com' } }, claims);
    expect((await ask(BOB)).code).toBe('policy_denied');
    expect((await ask({ sub: 'alice', groups: ['qa-leads'] })).status).toBe(200);
  });

  it('has one token for both routes', async () => {
    const before = running.google.calls();
    await running.ask({ path: '/tasks/7', headers: { host: 'api.example.com' } }, BOB);
    expect(running.google.calls()).toEqual(before);
  });

  it('does not answer under its run.app name any more', async () => {
    const direct = running.services['tasks.run.example.com']?.url ?? '';
    expect((await send(direct, { path: '/tasks/7', headers: { host: TASKS } })).status).toBe(404);
  });
});

describe('examples/behind-iap', () => {
  const found = CASES.find(({ example }) => example === 'behind-iap');
  if (found === undefined) throw new Error('no such case');

  it('tells the service of the gateway in what IAP signs', async () => {
    const running = await start(found);
    try {
      const { body } = await running.ask({ path: '/reports/7' }, BOB);
      const { headers } = JSON.parse(body);
      expect(headers['x-goog-authenticated-user-email']).toBe(`accounts.google.com:${GATEWAY}`);
      expect(decodeJwt(headers['x-goog-iap-jwt-assertion']).email).toBe(GATEWAY);
      expect(headers).not.toHaveProperty('proxy-authorization');
    } finally {
      await running.stop();
    }
  });

  it.each([
    ['an account without the role', { audience: OAUTH_CLIENT, accessors: [] }, 403],
    ['an OAuth client that IAP does not take', { audience: 'other', accessors: [GATEWAY] }, 401],
  ])('is refused by IAP with %s', async (_, iap, status) => {
    const running = await start({ ...found, service: { ...found.service, iap } });
    try {
      const answer = await running.ask({ path: '/reports/7' }, BOB);
      expect(answer).toMatchObject({ status, code: null });
      expect(answer.headers['x-goog-iap-generated-response']).toBe('true');
    } finally {
      await running.stop();
    }
  });
});
