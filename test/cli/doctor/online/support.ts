import { type AuthorizerConfig, authorizerFields } from '../../../../src/authorizer/config.ts';
import type { ConfiguredPlugin } from '../../../../src/cli/configure-plugin.ts';
import type { DoctorRoute, DoctorSubject, DoctorTools } from '../../../../src/cli/doctor/check.ts';
import type { Finding } from '../../../../src/cli/doctor/finding.ts';
import { createOnlineChecks } from '../../../../src/cli/doctor/online/create-online-checks.ts';
import { type CloudRunConfig, cloudRunFields } from '../../../../src/cloud-run/config.ts';
import type { Environment } from '../../../../src/core/google/environment.ts';
import { type PolicyConfig, policyFields } from '../../../../src/policy/config.ts';

export const GATEWAY = 'gateway@demo-project.iam.gserviceaccount.com';
export const READER = 'reader@demo-project.iam.gserviceaccount.com';
export const SERVICE = 'projects/demo-project/locations/europe-west1/services/tasks';
export const HOST = 'tasks-123456789012.europe-west1.run.app';
export const FLAGS = '--region=europe-west1 --project=demo-project';

export interface RouteOptions {
  name?: string;
  host?: string;
  authorizer?: object;
  evaluator?: object;
  cloud_run_token?: object;
}

/** A route as the doctor reads it of a kong.yml. */
export function routeOf({
  name = 'tasks',
  host = HOST,
  authorizer,
  evaluator,
  cloud_run_token,
}: RouteOptions): DoctorRoute {
  return {
    name,
    service: { name, protocol: 'https', host, port: 443, path: '' },
    protocols: ['https'],
    hosts: [],
    paths: ['/'],
    methods: [],
    preserve_host: false,
    strip_path: true,
    plugins: [],
    path: 'routes[0]',
    authorizer: configured<AuthorizerConfig>(
      authorizer && authorizerFields.parse(authorizer),
      'oidc-authorizer',
    ),
    evaluator: configured<PolicyConfig>(
      evaluator && policyFields.parse(evaluator),
      'policy-evaluator',
    ),
    cloud_run_token: configured<CloudRunConfig>(
      cloud_run_token && cloudRunFields.parse(cloud_run_token),
      'cloud-run-token',
    ),
  };
}

function configured<Config>(
  config: Config | undefined,
  name: string,
): ConfiguredPlugin<Config> | undefined {
  if (config === undefined) return undefined;
  return { declared: { name, config: {}, path: 'plugins[0]' }, config, problems: [] };
}

function subjectOf(...routes: readonly RouteOptions[]): DoctorSubject {
  return { file: '/etc/kong/kong.yml', routes: routes.map(routeOf) };
}

export function toolsOf(environment: Environment = {}, changes: Partial<DoctorTools> = {}) {
  return {
    clock: Date.now,
    environment,
    fetch,
    timeout_ms: 5000,
    ...changes,
  } satisfies DoctorTools;
}

export interface Looked {
  environment?: Environment;
  tools?: Partial<DoctorTools>;
  services?: ReadonlyMap<string, string>;
}

/** Runs one of the checks. */
export async function look(
  check: string,
  routes: readonly RouteOptions[],
  { environment = {}, tools = {}, services = new Map() }: Looked = {},
): Promise<readonly Finding[]> {
  const found = createOnlineChecks(services)[check];
  if (found === undefined) throw new Error(`there is no check ${check}`);
  return found(subjectOf(...routes), toolsOf(environment, tools));
}

/** What is wrong, without what was looked at and is well. */
export function wrong(findings: readonly Finding[]): Finding[] {
  return findings.filter(({ severity }) => severity !== 'ok');
}
