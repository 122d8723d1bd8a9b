import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkRunAs } from '../../../../src/cli/doctor/online/check-run-as.ts';
import { type Served, serve } from './serve.ts';
import { GATEWAY, look, READER, routeOf, toolsOf } from './support.ts';

let folder: string;
let bundles: Served;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  bundles = await serve((_, response) =>
    response.writeHead(200, { 'content-type': 'application/yaml' }).end(policy(READER)),
  );
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await bundles.stop();
});

function policy(run_as: string, more = ''): string {
  return `version: 1
rules:
  - name: readers
    effect: allow
    when: request.method == "GET"
    run_as: ${run_as}
${more}`;
}

const route = (evaluator: object | undefined, cloud_run_token: object, name = 'tasks') => ({
  name,
  cloud_run_token,
  ...(evaluator === undefined ? {} : { evaluator }),
});

it('is well where every account that rules name is allowed', async () => {
  const config = { allowed_service_accounts: [READER] };
  expect(await look('run-as', [route({ policy: policy(READER) }, config)])).toEqual([
    {
      check: 'run-as',
      severity: 'ok',
      route: 'tasks',
      message: 'Every service account that rules name in run_as is allowed.',
    },
  ]);
});

it("takes the route's own account for allowed", async () => {
  const config = { service_account: READER };
  expect(await look('run-as', [route({ policy: policy(READER) }, config)])).toMatchObject([
    { severity: 'ok' },
  ]);
});

it('writes the line that allows an account', async () => {
  const more = `  - name: writers
    effect: allow
    when: request.method == "POST"
    run_as: ${GATEWAY}
`;
  const config = { allowed_service_accounts: [GATEWAY] };
  expect(await look('run-as', [route({ policy: policy(READER, more) }, config)])).toEqual([
    {
      check: 'run-as',
      severity: 'error',
      route: 'tasks',
      message: `Requests that rule readers allows are answered 500: cloud-run-token does not allow ${READER}.`,
      fix: `allowed_service_accounts: [${GATEWAY}, ${READER}]`,
    },
  ]);
});

it('warns where the policy only watches', async () => {
  const evaluator = { policy: policy(READER), mode: 'shadow' };
  expect(await look('run-as', [route(evaluator, {})])).toMatchObject([{ severity: 'warning' }]);
});

it('names an account that is allowed for nothing', async () => {
  const config = { allowed_service_accounts: [READER, GATEWAY] };
  expect(await look('run-as', [route({ policy: policy(READER) }, config)])).toEqual([
    {
      check: 'run-as',
      severity: 'info',
      route: 'tasks',
      message: `allowed_service_accounts has ${GATEWAY}, which no rule names in run_as.`,
      fix: `allowed_service_accounts: [${READER}]`,
    },
  ]);
  expect(await look('run-as', [route(undefined, config)])).toMatchObject([
    { severity: 'info', fix: 'allowed_service_accounts: []' },
  ]);
});

it('does not take an account of a rule that is tried out for unused', async () => {
  const evaluator = { policy: `${policy(READER).trimEnd()}\n    shadow: true\n` };
  const config = { allowed_service_accounts: [READER] };
  expect(await look('run-as', [route(evaluator, config)])).toEqual([]);
});

it('tells of a policy of many routes once', async () => {
  const evaluator = { policy: policy(READER) };
  const routes = ['a', 'b'].map((name) => route(evaluator, {}, name));
  const findings = await look('run-as', routes);
  expect(findings).toHaveLength(1);
  expect(findings[0]?.message).toMatch(/\(routes a, b\)\.$/);
});

it('looks for a file beside the kong.yml where the gateway has it elsewhere', async () => {
  writeFileSync(join(folder, 'policy.yaml'), policy(READER));
  const subject = {
    file: join(folder, 'kong.yml'),
    routes: [routeOf(route({ policy_file: '/not/here/policy.yaml' }, {}))],
  };
  expect(await checkRunAs(subject, toolsOf())).toMatchObject([{ severity: 'error' }]);
});

it('looks at the policy of a URL', async () => {
  expect(await look('run-as', [route({ policy_url: bundles.url }, {})])).toMatchObject([
    { severity: 'error', fix: `allowed_service_accounts: [${READER}]` },
  ]);
});

it('says that a policy could not be loaded', async () => {
  const routes = [
    route({ policy: 'version: 1' }, {}, 'a'),
    route({ policy_file: '/not/here/policy.yaml' }, {}, 'b'),
  ];
  expect(await look('run-as', routes)).toEqual([
    {
      check: 'run-as',
      severity: 'info',
      message: 'The policy could not be loaded, so its run_as were not looked at (routes a, b).',
    },
  ]);
});

it('finds nothing where no token is minted', async () => {
  expect(await look('run-as', [{ evaluator: { policy: policy(READER) } }])).toEqual([]);
});
