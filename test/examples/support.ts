import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { REPOSITORY } from '../../dev/stack/start-stack.ts';
import { parseConfig } from '../../src/core/config/parse-config.ts';
import type { IdentityVerdict } from '../../src/core/identity.ts';
import { policyFields } from '../../src/policy/config.ts';
import { createPolicyStage } from '../../src/policy/create-policy-stage.ts';
import { loadPolicy } from '../../src/policy/load-policy.ts';
import { NOW } from '../authorizer/support.ts';

export const EXAMPLES = path.join(REPOSITORY, 'examples');

const pluginShape = z.looseObject({
  name: z.string(),
  config: z.record(z.string(), z.json()).default({}),
});

const routeShape = z.looseObject({
  name: z.string(),
  paths: z.array(z.string()),
  strip_path: z.boolean().default(true),
  plugins: z.array(pluginShape).default([]),
});

const kongYmlShape = z.looseObject({
  services: z.array(z.looseObject({ routes: z.array(routeShape) })).default([]),
  routes: z.array(routeShape).default([]),
});

export type ExampleRoute = z.output<typeof routeShape>;

/** Files of this name under examples/, by their paths from there. */
export function examplesNamed(name: string): string[] {
  return readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' })
    .filter((file) => path.basename(file) === name)
    .sort();
}

export function readExample(file: string): string {
  return readFileSync(path.join(EXAMPLES, file), 'utf8');
}

/** Every route of a kong.yml, with a service or without. */
export function readRoutes(file: string): ExampleRoute[] {
  const { services, routes } = kongYmlShape.parse(parse(readExample(file)));
  return [...services.flatMap((service) => service.routes), ...routes];
}

export function readRoute(file: string, name: string): ExampleRoute {
  const route = readRoutes(file).find((one) => one.name === name);
  if (route === undefined) throw new Error(`${file} has no route ${name}`);
  return route;
}

/**
 * The config of a plugin as Kong hands it over: references to vaults resolved.
 *
 * @param secrets what the vault holds, by the names of the environment variables; anything where it is left out
 */
export function pluginConfig(
  { name, plugins }: ExampleRoute,
  plugin: string,
  secrets: Readonly<Record<string, string>> = {},
): Record<string, unknown> {
  const found = plugins.find((one) => one.name === plugin);
  if (found === undefined) throw new Error(`route ${name} has no ${plugin}`);
  return JSON.parse(JSON.stringify(found.config), (_, value) =>
    typeof value === 'string' ? resolve(value, secrets) : value,
  );
}

function resolve(value: string, secrets: Readonly<Record<string, string>>): string {
  const key = /^\{vault:\/\/env\/([a-z-]+)\}$/.exec(value)?.[1];
  if (key === undefined) return value;
  const variable = key.toUpperCase().replaceAll('-', '_');
  return secrets[variable] ?? `the-value-of-${variable}-in-the-environment`;
}

/** What the policy beside a kong.yml says of a request on one of its routes. */
export async function decideBy(
  file: string,
  route: ExampleRoute,
  authenticated_identity: IdentityVerdict,
  request: string,
): Promise<'allow' | 'deny'> {
  const config = parseConfig(policyFields, pluginConfig(route, 'policy-evaluator'));
  const policy = loadPolicy(
    readExample(path.join(path.dirname(file), 'policy.yaml')),
    'policy.yaml',
  );
  const stage = createPolicyStage(config, {
    clock: () => NOW * 1000,
    stopwatch: () => 0,
    policy: () => policy,
    uses: { take: () => true },
    record: () => {},
  });
  const [method = '', target = ''] = request.split(' ');
  const { outcome } = await stage.run({
    method,
    path: target,
    request_uri: target,
    headers: {},
    traceparent: '',
    route: { id: route.name, name: route.name },
    handoff: { authenticated_identity },
  });
  return outcome === 'continue' ? 'allow' : 'deny';
}
