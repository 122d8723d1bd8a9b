import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Google, startGoogle } from '../../../dev/google/start-google.ts';

const [GATEWAY, INVOKER, NOBODY] = ['gateway', 'invoker', 'nobody'].map(
  (name) => `${name}@demo-project.iam.gserviceaccount.com`,
) as [string, string, string];
const TASKS = 'projects/demo-project/locations/europe-west1/services/tasks';

let google: Google;
beforeAll(async () => {
  google = await startGoogle({
    serviceAccounts: [GATEWAY, INVOKER, NOBODY].map((email) => ({
      email,
      tokenCreators: [GATEWAY],
    })),
    groups: [{ email: 'callers@example.com', members: [INVOKER] }],
    cloudRunInvokers: ['group:callers@example.com'],
  });
});
afterAll(() => google.stop());
afterEach(() => google.recover());

async function tokenOf(email: string): Promise<string> {
  const metadata = await fetch(
    `${google.url}/computeMetadata/v1/instance/service-accounts/default/token`,
    { headers: { 'metadata-flavor': 'Google' } },
  );
  const { access_token } = (await metadata.json()) as { access_token: string };
  const response = await fetch(
    `${google.url}/v1/projects/-/serviceAccounts/${email}:generateAccessToken`,
    {
      method: 'POST',
      headers: { authorization: `Bearer ${access_token}` },
      body: JSON.stringify({ scope: ['https://www.googleapis.com/auth/cloud-platform'] }),
    },
  );
  return ((await response.json()) as { accessToken: string }).accessToken;
}

async function call(path: string, { email = GATEWAY, body }: { email?: string; body?: string }) {
  const response = await fetch(`${google.url}/v2/${path}`, {
    headers: { authorization: `Bearer ${await tokenOf(email)}` },
    ...(body === undefined ? {} : { method: 'POST', body }),
  });
  const text = await response.text();
  return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text };
}

const policy = (query = '', email = GATEWAY) => call(`${TASKS}:getIamPolicy${query}`, { email });

const held = async (permissions: readonly string[], email = GATEWAY, service = TASKS) =>
  await call(`${service}:testIamPermissions`, { email, body: JSON.stringify({ permissions }) });

describe('the policy of a service', () => {
  it('names who has which role, each in the form of IAM', async () => {
    google.setCloudRunService({
      name: TASKS,
      invokers: [GATEWAY, 'user:alice@example.com', 'allUsers'],
      viewers: ['bob@example.com'],
      bindings: [
        { role: 'roles/run.invoker', members: ['domain:example.com', GATEWAY] },
        { role: 'roles/run.admin', members: ['group:admins@example.com'] },
      ],
    });
    expect(await policy()).toEqual({
      status: 200,
      body: {
        version: 1,
        etag: expect.stringMatching(/^Bw[A-Za-z0-9+/]{9}=$/),
        bindings: [
          {
            role: 'roles/run.invoker',
            members: [
              `serviceAccount:${GATEWAY}`,
              'user:alice@example.com',
              'allUsers',
              'domain:example.com',
            ],
          },
          { role: 'roles/run.viewer', members: ['user:bob@example.com'] },
          { role: 'roles/run.admin', members: ['group:admins@example.com'] },
        ],
      },
    });
    expect((await policy('?fields=bindings(role)')).body.bindings[0]).toEqual({
      role: 'roles/run.invoker',
    });
  });

  it('is empty for a new service, and does not say what the project grants', async () => {
    google.setCloudRunService({ name: TASKS });
    expect(await policy()).toEqual({ status: 200, body: { etag: 'ACAB' } });
  });

  it('has its conditions in version 3 only, and else a role that is not one', async () => {
    const condition = { title: 'until May', expression: 'request.time < timestamp("2027-05-01")' };
    const members = [`serviceAccount:${GATEWAY}`];
    google.setCloudRunService({
      name: TASKS,
      bindings: [{ role: 'roles/run.invoker', members, condition }],
    });
    expect((await policy('?options.requestedPolicyVersion=3')).body).toMatchObject({
      version: 3,
      bindings: [{ role: 'roles/run.invoker', members, condition }],
    });
    for (const query of [
      '',
      '?options.requestedPolicyVersion=0',
      '?options.requestedPolicyVersion=1',
    ]) {
      expect((await policy(query)).body).toMatchObject({
        version: 1,
        bindings: [
          { role: expect.stringMatching(/^roles\/run\.invoker_withcond_[0-9a-f]{20}$/), members },
        ],
      });
    }
  });

  it.each(['2', '4', 'x', ''])('is not given in version "%s"', async (version) => {
    google.setCloudRunService({ name: TASKS });
    expect(await policy(`?options.requestedPolicyVersion=${version}`)).toMatchObject({
      status: 400,
      body: { error: { status: 'INVALID_ARGUMENT' } },
    });
  });

  it('is read by whom roles/run.viewer lets, unless it is said who', async () => {
    const permission = 'run.services.getIamPolicy';
    google.setCloudRunService({ name: TASKS, viewers: [NOBODY] });
    expect((await policy('', NOBODY)).status).toBe(200);
    expect(await policy('', INVOKER)).toMatchObject({
      status: 403,
      body: { error: { status: 'PERMISSION_DENIED', details: [{ metadata: { permission } }] } },
    });
    google.setCloudRunService({ name: TASKS, policyViewers: [INVOKER] });
    expect((await policy('', INVOKER)).status).toBe(200);
    expect((await policy('', GATEWAY)).status).toBe(403);
    expect((await call(TASKS, {})).status).toBe(200);
  });

  it('of no service is 404 to who may read all, and 403 to the rest', async () => {
    google.deleteCloudRunService(TASKS);
    expect(await policy()).toMatchObject({ status: 404, body: { error: { status: 'NOT_FOUND' } } });
    expect((await policy('', INVOKER)).status).toBe(403);
  });
});

describe('the permissions of a caller', () => {
  const ASKED = ['run.routes.invoke', 'run.services.get', 'run.services.getIamPolicy'];

  it('are those of its roles on the service and on the project', async () => {
    google.setCloudRunService({ name: TASKS });
    expect((await held(ASKED, INVOKER)).body).toEqual({ permissions: ['run.routes.invoke'] });
    expect((await held(ASKED)).body).toEqual({ permissions: ASKED.slice(1) });
    google.setCloudRunService({ name: TASKS, invokers: [GATEWAY] });
    expect((await held(ASKED)).body).toEqual({ permissions: ASKED });
    expect((await held(['run.services.get'])).body).toEqual({ permissions: ['run.services.get'] });
  });

  it.each(['allUsers', 'allAuthenticatedUsers', `serviceAccount:${NOBODY}`])(
    'include the call of a service that %s may call',
    async (member) => {
      google.setCloudRunService({ name: TASKS, invokers: [member] });
      expect((await held(ASKED, NOBODY)).body).toEqual({ permissions: ['run.routes.invoke'] });
    },
  );

  it('are none without a role, by a condition alone, and of a service that is not there', async () => {
    const condition = { title: 'never', expression: 'false' };
    google.setCloudRunService({
      name: TASKS,
      bindings: [{ role: 'roles/run.invoker', members: [NOBODY], condition }],
    });
    expect(await held(ASKED, NOBODY)).toEqual({ status: 200, body: {} });
    expect(await held(ASKED, GATEWAY, `${TASKS}-gone`)).toEqual({ status: 200, body: {} });
    expect(await held([])).toEqual({ status: 200, body: {} });
  });

  it.each([
    '{"permissions":["run.*"]}',
    '{"permissions":["*"]}',
    '{"permissions":"run.routes.invoke"}',
    '{"permissions":[7]}',
    'nonsense',
  ])('are not told for %s', async (body) => {
    google.setCloudRunService({ name: TASKS });
    expect((await call(`${TASKS}:testIamPermissions`, { body })).status).toBe(400);
  });
});

describe('both', () => {
  it.each([
    [':getIamPolicy', 'GET'],
    [':testIamPermissions', 'POST'],
  ])('%s needs a token, and is called by %s alone', async (suffix, method) => {
    const wrong = method === 'GET' ? 'POST' : 'GET';
    const url = `${google.url}/v2/${TASKS}${suffix}`;
    expect((await fetch(url, { method })).status).toBe(401);
    expect((await fetch(url, { method: wrong })).status).toBe(404);
  });

  it('are counted, and fail, under a name of their own', async () => {
    google.setCloudRunService({ name: TASKS });
    const before = google.calls();
    await policy();
    await held(['run.routes.invoke']);
    expect(google.calls()).toMatchObject({
      get_service: before.get_service,
      get_iam_policy: before.get_iam_policy + 1,
      test_iam_permissions: before.test_iam_permissions + 1,
    });
    google.fail({ endpoint: 'get_iam_policy', status: 503 });
    google.fail({ endpoint: 'test_iam_permissions', status: 500 });
    expect((await policy()).status).toBe(503);
    expect((await held(['run.routes.invoke'])).status).toBe(500);
  });
});
