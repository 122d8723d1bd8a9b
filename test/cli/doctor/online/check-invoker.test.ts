import { afterEach, describe, expect, it } from 'vitest';
import { startGoogle } from '../../../../dev/google/start-google.ts';
import { withGoogle } from './google-fixture.ts';
import { FLAGS, GATEWAY, HOST, READER, SERVICE } from './support.ts';

const stage = withGoogle();
afterEach(() => stage.google.recover());

const route = (cloud_run_token: object = {}, name = 'tasks') => ({ name, cloud_run_token });
const invoker = (routes = [route()], more: Parameters<typeof stage.look>[2] = {}) =>
  stage.look('invoker', routes, more);

const OK = {
  check: 'invoker',
  severity: 'ok',
  route: 'tasks',
  message: `${GATEWAY} may invoke tasks.`,
};
const grant = (email: string) =>
  `gcloud run services add-iam-policy-binding tasks --member=serviceAccount:${email} --role=roles/run.invoker ${FLAGS}`;

it('is well where the service lets the account invoke it', async () => {
  stage.set({ invokers: [GATEWAY] });
  expect(await invoker()).toEqual([OK]);
});

it('reads a service once for all routes that lead to it', async () => {
  stage.set({ invokers: [GATEWAY] });
  const before = stage.google.calls();
  const findings = await invoker([route({}, 'a'), route({ audience: 'other' }, 'b')]);
  const after = stage.google.calls();
  expect(findings).toHaveLength(1);
  expect(after.get_service - before.get_service).toBe(1);
  expect(after.get_iam_policy - before.get_iam_policy).toBe(1);
});

it('grants the role to an account that has none', async () => {
  stage.set({});
  expect(await invoker()).toEqual([
    {
      check: 'invoker',
      severity: 'error',
      route: 'tasks',
      message: `${GATEWAY} may not invoke tasks, which answers its requests 403.`,
      fix: grant(GATEWAY),
    },
  ]);
});

it('looks at every account that policies may name', async () => {
  stage.set({ invokers: [GATEWAY] });
  const findings = await invoker([route({ allowed_service_accounts: [READER] })]);
  expect(findings).toMatchObject([OK, { severity: 'error', fix: grant(READER) }]);
});

it('asks as the account whether it has the role from above', async () => {
  const other = await startGoogle({ cloudRunInvokers: [GATEWAY] });
  other.setCloudRunService({ name: SERVICE });
  const environment = {
    CLOUD_RUN_API_ENDPOINT: other.url,
    GCE_METADATA_HOST: other.metadataHost,
  };
  const findings = await invoker([route()], { environment });
  await other.stop();
  expect(findings).toEqual([
    {
      ...OK,
      message: `${GATEWAY} may invoke tasks, by a role from above it, such as on the project, or of a group.`,
    },
  ]);
});

it('says that it depends on a condition', async () => {
  const condition = { title: 'office hours', expression: 'true' };
  stage.set({
    bindings: [{ role: 'roles/run.invoker', members: [`serviceAccount:${GATEWAY}`], condition }],
  });
  expect(await invoker()).toEqual([
    {
      check: 'invoker',
      severity: 'warning',
      route: 'tasks',
      message: `That ${GATEWAY} may invoke tasks depends on a condition, which does not hold now.`,
      fix: grant(GATEWAY),
    },
  ]);
});

describe('anybody can bypass the gateway', () => {
  it.each([
    ['allUsers', 'anybody can'],
    ['allAuthenticatedUsers', 'anybody with a Google account can'],
  ])('where %s may invoke the service', async (member, who) => {
    stage.set({ invokers: [GATEWAY, member] });
    expect(await invoker()).toContainEqual({
      check: 'invoker',
      severity: 'error',
      route: 'tasks',
      message: `${member} may invoke tasks, so ${who} bypass the gateway.`,
      fix: `gcloud run services remove-iam-policy-binding tasks --member=${member} --role=roles/run.invoker ${FLAGS}`,
    });
  });

  it('and the account of the gateway needs its own role before that is mended', async () => {
    stage.set({ invokers: ['allUsers'] });
    expect(await invoker()).toContainEqual({
      check: 'invoker',
      severity: 'warning',
      route: 'tasks',
      message: `${GATEWAY} may invoke tasks as everybody may, and perhaps by nothing else.`,
      fix: grant(GATEWAY),
    });
  });

  it('where the service does not check', async () => {
    stage.set({ invokers: [GATEWAY], invokerIamDisabled: true });
    expect(await invoker()).toContainEqual({
      check: 'invoker',
      severity: 'error',
      route: 'tasks',
      message: 'tasks does not check who invokes it, so anybody can bypass the gateway.',
      fix: `gcloud run services update tasks --invoker-iam-check ${FLAGS}`,
    });
  });
});

describe('what cannot be seen', () => {
  it('is a service whose host does not tell which it is', async () => {
    const hosts = ['a.example.com', 'b.example.com'];
    const routes = hosts.map((host) => ({ name: host[0] ?? '', host, cloud_run_token: {} }));
    expect(await invoker(routes)).toEqual([
      {
        check: 'invoker',
        severity: 'info',
        message:
          'Which Cloud Run service is behind a.example.com, b.example.com is not known, so invoker, ingress and audience were not looked at there (routes a, b).',
        fix: '--service a=projects/PROJECT/locations/REGION/services/SERVICE',
      },
    ]);
  });

  it.each([
    ['the command line tells', {}, new Map([['tasks', SERVICE]])],
    [
      'the context of the policy tells',
      { evaluator: { policy_file: 'p', context: { cloud_run_labels: { service: SERVICE } } } },
      new Map<string, string>(),
    ],
  ])('is looked at where %s', async (_, more, services) => {
    stage.set({ invokers: [GATEWAY] });
    const routes = [{ ...route(), host: 'api.example.com', ...more }];
    expect(await invoker(routes, { services })).toEqual([OK]);
  });

  it('is a policy, but whether the account may, it can tell itself', async () => {
    stage.set({ invokers: [GATEWAY], policyViewers: [] });
    expect(await invoker()).toMatchObject([
      { severity: 'ok', message: expect.stringContaining('from above it') },
    ]);
  });

  it('is a service that nobody here may read', async () => {
    const other = await startGoogle({ cloudRunViewers: [] });
    other.setCloudRunService({ name: SERVICE });
    const environment = {
      CLOUD_RUN_API_ENDPOINT: other.url,
      GCE_METADATA_HOST: other.metadataHost,
    };
    const findings = await invoker([route()], { environment });
    await other.stop();
    expect(findings).toMatchObject([
      {
        severity: 'info',
        message:
          'No credentials here may read tasks (run.services.get), so tasks was not looked at.',
        fix: expect.stringContaining('gcloud auth application-default login'),
      },
      // Of the service not even its project's id is known.
      {
        severity: 'error',
        fix: grant(GATEWAY)
          .replace('demo-project ', '123456789012 ')
          .replace(/demo-project$/, '123456789012'),
      },
    ]);
  });

  it('is a role of an account whose access tokens cannot be had', async () => {
    stage.set({});
    stage.google.fail({
      endpoint: 'generate_access_token',
      status: 403,
      times: Number.POSITIVE_INFINITY,
    });
    expect(await invoker([route({ service_account: READER })])).toMatchObject([
      {
        severity: 'warning',
        message: expect.stringContaining('cannot be seen from here'),
        fix: grant(READER),
      },
    ]);
  });

  it('is one finding where the API cannot be reached, for all checks and services', async () => {
    const gone = await startGoogle();
    await gone.stop();
    const routes = ['a', 'b'].map((name) => ({
      name,
      host: HOST.replace('tasks', name),
      cloud_run_token: {},
    }));
    const more = { environment: { CLOUD_RUN_API_ENDPOINT: gone.url } };
    expect(await invoker(routes, more)).toEqual([
      {
        check: 'invoker',
        severity: 'warning',
        message:
          'The Cloud Run Admin API gives no answer (ECONNREFUSED), so a, b were not looked at (routes a, b).',
        fix: 'curl -sSI https://run.googleapis.com   # and HTTPS_PROXY, where the way out is a proxy',
      },
    ]);
    expect(await stage.look('ingress', routes, more)).toEqual([]);
    expect(await stage.look('audience', routes, more)).toEqual([]);
  });

  it('is one finding where there are no credentials to ask with', async () => {
    const gone = await startGoogle();
    await gone.stop();
    const environment = { GCE_METADATA_HOST: gone.metadataHost };
    expect(await invoker([route({}, 'a'), route({}, 'b')], { environment })).toMatchObject([
      { severity: 'info', message: expect.stringContaining('no credentials here') },
    ]);
  });

  it.each([
    ['SERVICE_DISABLED', 'gcloud services enable run.googleapis.com'],
    ['ACCESS_TOKEN_SCOPE_INSUFFICIENT', 'gcloud compute instances set-service-account'],
  ])('is mended where Google says %s', async (reason, fix) => {
    stage.google.fail({
      endpoint: 'get_service',
      status: 403,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ error: { code: 403, details: [{ reason }] } }),
    });
    expect((await invoker())[0]?.fix).toContain(fix);
  });
});

it('says that there is no such service', async () => {
  const routes = [{ ...route(), host: HOST.replace('tasks', 'gone') }];
  expect(await invoker(routes)).toEqual([
    {
      check: 'invoker',
      severity: 'error',
      route: 'tasks',
      message: 'There is no Cloud Run service gone in europe-west1 of 123456789012.',
      fix: 'gcloud run services list --region=europe-west1 --project=123456789012',
    },
  ]);
});
