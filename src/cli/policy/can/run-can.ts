import path from 'node:path';
import { isUnknown } from '../../../kong/declarative-config/is-unknown.ts';
import type { Policy } from '../../../policy/policy.ts';
import { openPolicy } from '../input/open-policy.ts';
import { readGiven } from '../input/read-given.ts';
import { print, printJson } from '../output/print.ts';
import { table } from '../output/table.ts';
import { pathsOfRules } from './candidate-paths.ts';
import { findGuardedRoutes, type GuardedRoute } from './find-guarded-routes.ts';
import { type Answer, judgeRoute } from './judge-route.ts';

interface RouteReport {
  readonly route: GuardedRoute;
  readonly notes: readonly string[];
  /** None where another policy decides there, or it is not known which. */
  readonly answers: readonly Answer[];
}

export interface CanFlags {
  readonly identity: string;
  readonly kong: string;
  readonly now?: number;
  readonly json?: boolean;
}

export function can(file: string, flags: CanFlags): void {
  const { policy, document } = openPolicy(file);
  const { identity } = readGiven(flags.identity, 'identity');
  const { guarded, unguarded } = findGuardedRoutes(flags.kong);
  const now = flags.now ?? Date.now();
  const paths = pathsOfRules(document);
  const reports = guarded.map((route): RouteReport => {
    const reason = whyNotAsked(route, file);
    if (reason !== null) return { route, notes: [reason], answers: [] };
    const answers = judgeRoute(policy, route, identity, now, paths);
    return { route, notes: notesOn(route, answers), answers };
  });
  const assumed = unknownParts(policy);
  const time = new Date(now).toISOString();
  if (flags.json) {
    const routes = reports.map(({ route, notes, answers }) => ({ ...route, notes, answers }));
    printJson({ file, kong: flags.kong, now: time, assumed_absent: assumed, routes, unguarded });
  } else {
    print(`at ${time}\n\n${reports.map(render).join('\n')}${renderRest(assumed, unguarded)}`);
  }
}

/** The same policy may lie elsewhere on the gateway, so that its name has to do. */
function whyNotAsked(route: GuardedRoute, file: string): string | null {
  const { policy_file, fetches_policy, config_known } = route;
  if (!config_known) return 'its config has values that are filled in elsewhere: nothing is known';
  if (fetches_policy) return 'another policy decides here: it is fetched from policy_url';
  if (policy_file === null) return 'another policy decides here: it stands in the configuration';
  if (path.basename(policy_file) === path.basename(file)) return null;
  return `another policy decides here: ${policy_file}`;
}

function notesOn(route: GuardedRoute, answers: readonly Answer[]): string[] {
  const expressions = route.paths.filter((one) => one.startsWith('~'));
  const unknown = Object.keys(route.labels).filter((name) => isUnknown(route.labels[name]));
  return [
    ...(route.shadow ? ['mode is shadow: nothing is refused here yet'] : []),
    ...(route.live_context
      ? ['labels and groups that are looked up while a request is decided are not known here']
      : []),
    ...unknown.map((name) => `label ${name} is filled in elsewhere: asked with it as it stands`),
    ...expressions.map((one) => `${one} is a regular expression: asked about paths of rules alone`),
    ...(answers.length === 0 ? ['there is no path to ask about'] : []),
  ];
}

/** What rules read of a request beside method and path: here nobody has sent it. */
function unknownParts(policy: Policy): string[] {
  const rules = [...policy.deny, ...policy.allow];
  const mentions = [...rules.map(({ when }) => when), ...policy.roles.values()].map(
    (expression) => expression.mentions,
  );
  const attributes = new Set(mentions.flatMap(({ attributes }) => [...attributes]));
  const headers = new Set(mentions.flatMap(({ headers }) => [...headers]));
  return [
    ...(attributes.has('client_ip') ? ['request.client_ip'] : []),
    ...(mentions.some(({ query }) => query) ? ['request.query'] : []),
    ...(attributes.has('raw_body') ? ['request.body'] : []),
    // A body's type and encoding say how to read it.
    ...[...headers]
      .filter((name) => !attributes.has('raw_body') || !OF_A_BODY.has(name))
      .map((name) => `request.headers["${name}"]`),
  ];
}

const OF_A_BODY: ReadonlySet<string> = new Set(['content-type', 'content-encoding']);

function render({ route, notes, answers }: RouteReport): string {
  const labels = Object.entries(route.labels).map(([name, value]) => `${name}=${value}`);
  const head = [
    route.name ?? '(a route without a name)',
    ...(route.service === '' ? [] : [`service ${route.service}`]),
    ...labels,
  ];
  const lines = notes.map((note) => `  (${note})\n`).join('');
  return `${table([head])}${lines}${table(alike(answers), '  ')}`;
}

/** Methods that come to the same stand together. */
function alike(answers: readonly Answer[]): string[][] {
  const rows = new Map<string, { methods: string[]; rest: string[] }>();
  for (const { method, path: at, decision, ...why } of answers) {
    const rest = [at, decision, inWords(why)];
    const key = JSON.stringify(rest);
    const row = rows.get(key) ?? { methods: [], rest };
    rows.set(key, row);
    row.methods.push(method);
  }
  return [...rows.values()].map(({ methods, rest }) => [methods.join(' '), ...rest]);
}

function inWords({ code, rule, grant, error }: Omit<Answer, 'method' | 'path' | 'decision'>) {
  if (error !== null) return `(${code}) ${error}`;
  const how = code === null || code === 'policy_denied' ? '' : ` (${code})`;
  if (rule === null) return code === 'missing_token' ? 'a token is required' : `no rule${how}`;
  return `${rule}${grant === null ? '' : `, through grant ${grant}`}${how}`;
}

function renderRest(assumed: readonly string[], unguarded: readonly string[]): string {
  const lines = [
    ...(assumed.length === 0 ? [] : [`taken not to be sent: ${assumed.join(', ')}`]),
    ...(unguarded.length === 0 ? [] : [`no policy-evaluator on: ${unguarded.join(', ')}`]),
  ];
  return lines.length === 0 ? '' : `\n${lines.join('\n')}\n`;
}
