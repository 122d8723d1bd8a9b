import { ConfigError } from '../../../core/config-error.ts';
import type { DeclaredRoute } from '../../../kong/declarative-config/declarative-config.ts';
import { type PolicyConfig, policyFields } from '../../../policy/config.ts';
import { checkSettings } from '../../../policy/source/check-settings.ts';
import { configurePlugin } from '../../configure-plugin.ts';
import { readKongFile } from '../../read-kong-file.ts';

/** A route of a declarative configuration that policy-evaluator guards. */
export interface GuardedRoute {
  /** As rules see it; null where Kong would make up an id. */
  readonly name: string | null;
  /** As rules see it; empty where there is none. */
  readonly service: string;
  /** Prefixes, and regular expressions with a `~` before them. */
  readonly paths: readonly string[];
  readonly methods: readonly string[];
  readonly hosts: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly allow_anonymous: boolean;
  /** The plugin only watches. */
  readonly shadow: boolean;
  /** More is known of the request only while it runs. */
  readonly live_context: boolean;
  /** Null where the policy stands in the configuration itself, or is fetched. */
  readonly policy_file: string | null;
  /** The plugin fetches the policy from a URL. */
  readonly fetches_policy: boolean;
  /** False where a value that something else fills in keeps the config from being read; what it says is absent then. */
  readonly config_known: boolean;
}

export interface KongRoutes {
  readonly guarded: readonly GuardedRoute[];
  /** Routes that no policy-evaluator guards: their names, their ids or where they stand. */
  readonly unguarded: readonly string[];
}

const PLUGIN = 'policy-evaluator';

/** @throws ConfigError where the file cannot be read, or Kong or policy-evaluator would not take it */
export function findGuardedRoutes(file: string): KongRoutes {
  const { routes, locate } = readKongFile(file);
  const guarded: GuardedRoute[] = [];
  const unguarded: string[] = [];
  // The plugin of a service is on each of its routes.
  const problems = new Set<string>();
  for (const route of routes) {
    const declared = route.plugins.find(({ name }) => name === PLUGIN);
    const evaluator = configurePlugin(declared, policyFields, checkSettings);
    if (evaluator === undefined) {
      unguarded.push(route.name);
      continue;
    }
    for (const problem of evaluator.problems) {
      const [place = ''] = problem.split(': ', 1);
      problems.add(`${locate(`${evaluator.declared.path}.${place}`)}: ${PLUGIN}: ${problem}`);
    }
    guarded.push(toGuardedRoute(route, evaluator.config));
  }
  if (problems.size > 0) throw new ConfigError([...problems]);
  return { guarded, unguarded };
}

function toGuardedRoute(route: DeclaredRoute, config: PolicyConfig | undefined): GuardedRoute {
  const { service, paths, methods, hosts } = route;
  return {
    name: route.own_name ?? route.id ?? null,
    service: service?.own_name ?? service?.host ?? '',
    paths,
    methods,
    hosts,
    labels: config?.labels ?? {},
    allow_anonymous: config?.allow_anonymous ?? false,
    shadow: config?.mode === 'shadow',
    live_context: config?.context !== undefined,
    policy_file: config?.policy_file ?? null,
    fetches_policy: config?.policy_url !== undefined,
    config_known: config !== undefined,
  };
}
