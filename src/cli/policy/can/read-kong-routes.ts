import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { ConfigError } from '../../../core/config-error.ts';
import { readTextFile } from '../input/read-text-file.ts';
import {
  configuration,
  evaluatorConfig,
  type Plugin,
  type Reference,
  type Route,
  type Service,
} from './kong-configuration.ts';

/** A route of a declarative configuration that policy-evaluator guards. */
export interface GuardedRoute {
  /** As rules see it; null where Kong would make up an id. */
  readonly name: string | null;
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
  /** Null where the policy stands in the configuration itself. */
  readonly policy_file: string | null;
}

export interface KongRoutes {
  readonly guarded: readonly GuardedRoute[];
  /** Names of routes that no policy-evaluator guards. */
  readonly unguarded: readonly string[];
}

const PLUGIN = 'policy-evaluator';

const MOST_BYTES = 16 * 1024 * 1024;
const MOST_ALIASES = 10_000;

/** @throws ConfigError where the file cannot be read, is not YAML or not Kong's declarative format */
export function readKongRoutes(file: string): KongRoutes {
  const parsed = configuration.safeParse(parse(file));
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map((issue) => told(file, issue)));
  const { services, routes, plugins: global } = parsed.data;
  const all = [
    ...(services ?? []).flatMap((owner) => (owner.routes ?? []).map((entry) => ({ entry, owner }))),
    ...(routes ?? []).map((entry) => ({ entry, owner: ownerOf(entry, services ?? []) })),
  ];
  const guarded: GuardedRoute[] = [];
  const unguarded: string[] = [];
  for (const { entry, owner } of all) {
    const evaluator = findEvaluator(entry, owner, global ?? []);
    if (evaluator === null) unguarded.push(entry.name ?? '(without a name)');
    else guarded.push(toGuardedRoute(file, entry, owner, evaluator));
  }
  return { guarded, unguarded };
}

function parse(file: string): unknown {
  const document = parseDocument(readTextFile(file, MOST_BYTES), {
    merge: true,
    prettyErrors: true,
    logLevel: 'error',
  });
  const [error] = document.errors;
  if (error !== undefined) throw new ConfigError([`${file}: is not YAML: ${error.message}`]);
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch {
    throw new ConfigError([`${file}: has more than ${MOST_ALIASES} aliases`]);
  }
}

function told(file: string, { path, message }: z.core.$ZodIssue): string {
  const where = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`));
  return `${file}: ${where.join('').replace(/^\./, '') || 'the configuration'}: ${message}`;
}

function ownerOf({ service: wanted }: Route, services: readonly Service[]): Service | null {
  const name = nameOf(wanted);
  return services.find((candidate) => name !== null && candidate.name === name) ?? null;
}

function nameOf(value: Reference | null | undefined): string | null {
  return (typeof value === 'string' ? value : value?.name) ?? null;
}

/** Of several, Kong runs the one that is meant most precisely: for a route, for its service, for all. */
function findEvaluator(
  entry: Route,
  owner: Service | null,
  global: readonly Plugin[],
): Plugin | null {
  const isFor = (wanted: Plugin['route'], name: string | null | undefined) =>
    nameOf(wanted) !== null && nameOf(wanted) === name;
  const ofRoute = (one: Plugin) => isFor(one.route, entry.name);
  const ofService = (one: Plugin) => isFor(one.service, owner?.name);
  const isFree = (one: Plugin) => nameOf(one.route) === null && nameOf(one.service) === null;
  const own = entry.plugins ?? [];
  const candidates = [
    ...own.filter(ofService),
    ...global.filter((one) => ofRoute(one) && ofService(one)),
    ...own,
    ...global.filter((one) => ofRoute(one) && nameOf(one.service) === null),
    ...(owner?.plugins ?? []),
    ...global.filter((one) => ofService(one) && nameOf(one.route) === null),
    ...global.filter(isFree),
  ];
  const found = candidates.find(
    (one) =>
      one.name === PLUGIN && one.enabled && !nameOf(one.consumer) && !nameOf(one.consumer_group),
  );
  return found ?? null;
}

function toGuardedRoute(
  file: string,
  entry: Route,
  owner: Service | null,
  evaluator: Plugin,
): GuardedRoute {
  const name = entry.name ?? null;
  const parsed = evaluatorConfig.safeParse(evaluator.config ?? {});
  if (!parsed.success) {
    const where = `route ${name ?? '(without a name)'}: ${PLUGIN}: config`;
    throw new ConfigError(
      parsed.error.issues.map(
        ({ path, message }) => `${file}: ${[where, ...path.map(String)].join('.')}: ${message}`,
      ),
    );
  }
  const { labels, allow_anonymous, mode, context, policy_file } = parsed.data;
  return {
    name,
    service: serviceName(owner),
    paths: entry.paths ?? [],
    methods: entry.methods ?? [],
    hosts: entry.hosts ?? [],
    labels: labels ?? {},
    allow_anonymous: allow_anonymous ?? false,
    shadow: mode === 'shadow',
    live_context: context !== undefined && context !== null,
    policy_file: policy_file ?? null,
  };
}

function serviceName(owner: Service | null): string {
  if (owner === null) return '';
  return owner.name ?? owner.host ?? hostOf(owner.url ?? '');
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}
