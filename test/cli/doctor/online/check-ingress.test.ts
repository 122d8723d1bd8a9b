import { expect, it } from 'vitest';
import { startGoogle } from '../../../../dev/google/start-google.ts';
import { withGoogle } from './google-fixture.ts';
import { FLAGS, GATEWAY, READER, SERVICE } from './support.ts';

const stage = withGoogle();

const update = (flag: string) => `gcloud run services update tasks ${flag} ${FLAGS}`;
const ingress = (
  host?: string,
  more: Parameters<typeof stage.look>[2] = { services: new Map([['tasks', SERVICE]]) },
) =>
  stage.look('ingress', [{ ...(host === undefined ? {} : { host }), cloud_run_token: {} }], more);

it('says that the door to the internet is open', async () => {
  stage.set({ invokers: [GATEWAY] });
  expect(await ingress()).toEqual([
    {
      check: 'ingress',
      severity: 'info',
      route: 'tasks',
      message:
        'tasks takes requests from the internet, and IAM alone keeps others out. That is needed where Kong runs outside Google Cloud; from a VPC network of the project internal ingress is enough.',
      fix: update('--ingress=internal'),
    },
  ]);
});

it('says that the run.app URLs are a second door where another host is used', async () => {
  stage.set({ invokers: [GATEWAY] });
  expect(await ingress('api.example.com')).toMatchObject([
    { severity: 'info', fix: update('--no-default-url') },
  ]);
});

it.each([
  ['by another host, without run.app URLs', { defaultUriDisabled: true }],
  ['by another host, of internal ingress', { ingress: 'INGRESS_TRAFFIC_INTERNAL_ONLY' }],
  ['by a load balancer', { ingress: 'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER' }],
] as const)('is well where a service is called %s', async (_, service) => {
  stage.set({ invokers: [GATEWAY], ...service });
  expect(await ingress('api.example.com')).toMatchObject([{ severity: 'ok' }]);
});

it('finds an error where the run.app URLs that a route uses are disabled', async () => {
  stage.set({ defaultUriDisabled: true });
  expect(await ingress()).toMatchObject([
    {
      severity: 'error',
      message: 'The run.app URLs of tasks are disabled, and requests to them are answered 404.',
      fix: update('--default-url'),
    },
  ]);
});

it('finds an error where a service takes no requests', async () => {
  stage.set({ ingress: 'INGRESS_TRAFFIC_NONE' });
  expect(await ingress()).toMatchObject([{ severity: 'error', fix: update('--ingress=internal') }]);
});

it('asks for a way through a VPC network where the service takes internal requests only', async () => {
  stage.set({ ingress: 'INGRESS_TRAFFIC_INTERNAL_ONLY' });
  expect(await ingress()).toMatchObject([
    { severity: 'info', fix: expect.stringContaining('--enable-private-ip-google-access') },
  ]);
});

it.each([
  ['INGRESS_TRAFFIC_INTERNAL_ONLY', update('--ingress=all')],
  ['INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER', 'host: HOST_OF_THE_LOAD_BALANCER'],
] as const)('warns of %s where this machine is not on Google Cloud', async (kind, fix) => {
  stage.set({ ingress: kind });
  const gone = await startGoogle();
  await gone.stop();
  const key = JSON.stringify(stage.google.serviceAccountKey(GATEWAY));
  const routes = [{ cloud_run_token: { credentials: key } }];
  const findings = await stage.look('ingress', routes, {
    environment: { GCE_METADATA_HOST: gone.metadataHost },
  });
  expect(findings).toMatchObject([{ severity: 'warning', fix }]);
});

it('names service accounts that may bypass the gateway, and counts everybody else', async () => {
  stage.set({
    ingress: 'INGRESS_TRAFFIC_INTERNAL_ONLY',
    invokers: [
      GATEWAY,
      READER,
      'user:alice@example.com',
      'user:bob@example.com',
      'group:staff@example.com',
      'domain:example.com',
      'deleted:serviceAccount:old@demo-project.iam.gserviceaccount.com?uid=1',
    ],
  });
  const findings = await ingress('api.example.com');
  expect(findings).toContainEqual({
    check: 'ingress',
    severity: 'warning',
    route: 'tasks',
    message: `Others than the gateway may invoke tasks and so bypass it: 1 service account (${READER}), 2 users, 1 group, 1 domain.`,
    fix: `gcloud run services get-iam-policy tasks ${FLAGS}`,
  });
  expect(JSON.stringify(findings)).not.toContain('@example.com');
});

it('takes an account that policies may name for one of the gateway', async () => {
  stage.set({ ingress: 'INGRESS_TRAFFIC_INTERNAL_ONLY', invokers: [GATEWAY, READER] });
  const routes = [{ cloud_run_token: { allowed_service_accounts: [READER] } }];
  const findings = await stage.look('ingress', routes);
  expect(findings.filter(({ severity }) => severity === 'warning')).toEqual([]);
});

it('counts whoever may invoke by another role', async () => {
  stage.set({
    invokers: [GATEWAY],
    bindings: [{ role: 'roles/run.admin', members: ['user:alice@example.com'] }],
  });
  expect(await ingress()).toContainEqual(
    expect.objectContaining({ severity: 'warning', message: expect.stringMatching(/: 1 user\.$/) }),
  );
});
