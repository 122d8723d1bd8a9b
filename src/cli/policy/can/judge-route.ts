import { Malfunction } from '../../../core/malfunction.ts';
import type { Policy } from '../../../policy/policy.ts';
import { runPolicyTests } from '../../../policy/run-policy-tests.ts';
import type { Given } from '../input/read-given.ts';
import { candidatePaths } from './candidate-paths.ts';
import type { GuardedRoute } from './find-guarded-routes.ts';

export interface Answer {
  readonly method: string;
  readonly path: string;
  readonly decision: 'allow' | 'deny';
  readonly code: string | null;
  readonly rule: string | null;
  readonly grant: string | null;
  readonly error: string | null;
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Asks the policy about each method and path of a route. */
export function judgeRoute(
  policy: Policy,
  route: GuardedRoute,
  identity: Given['identity'],
  now: number,
  pathsOfRules: readonly string[],
): Answer[] {
  const methods = route.methods.length === 0 ? METHODS : route.methods;
  return candidatePaths(route.paths, pathsOfRules).flatMap((path) =>
    methods.map((method): Answer => {
      if (identity === null && !route.allow_anonymous) return { method, path, ...WITHOUT_TOKEN };
      return ask(policy, route, identity, now, method, path);
    }),
  );
}

const WITHOUT_TOKEN = {
  decision: 'deny',
  code: 'missing_token',
  rule: null,
  grant: null,
  error: null,
} as const;

function ask(
  policy: Policy,
  route: GuardedRoute,
  identity: Given['identity'],
  now: number,
  method: string,
  path: string,
): Answer {
  const host = route.hosts.find((name) => !name.includes('*')) ?? '';
  const request = { method, path, host, query: {}, headers: {}, client_ip: '' };
  const { labels, service } = route;
  const given = { identity, request, labels, route: route.name ?? '', service, now };
  const test = { name: '', location: '', given, expect: { decision: 'deny' as const } };
  const [result] = runPolicyTests({ ...policy, tests: [test] });
  if (result === undefined) throw new Malfunction('a test was not run');
  const { decision, code, rule, grant, error } = result.actual;
  return { method, path, decision, code, rule, grant, error };
}
