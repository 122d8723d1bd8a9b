import type { IssuerConfig } from '../../../authorizer/config.ts';
import type { DoctorSubject } from '../check.ts';
import type { Finding } from '../finding.ts';
import { findingOfRoutes } from './finding-of-routes.ts';
import { groupBy } from './group-by.ts';
import { judgeIssuer } from './issuer/judge-issuer.ts';
import type { Lookups } from './lookups.ts';

interface Use {
  route: string;
  issuer: IssuerConfig;
}

/**
 * The check `issuer`: whether each issuer's keys can be had and fit the accepted algorithms, by the code of
 * `oidc-authorizer`, and whether a connection to each introspection endpoint can be opened.
 */
export async function checkIssuers(
  { routes }: DoctorSubject,
  { issuer, endpoint }: Pick<Lookups, 'issuer' | 'endpoint'>,
): Promise<Finding[]> {
  const uses = routes.flatMap(({ name, authorizer }) =>
    (authorizer?.config?.issuers ?? []).map((entry): Use => ({ route: name, issuer: entry })),
  );
  const entries = groupBy(uses, ({ issuer: { issuer, jwks_uri, algorithms } }) =>
    JSON.stringify([issuer, jwks_uri, algorithms]),
  );
  const introspecting = groupBy(
    uses.filter((use) => use.issuer.introspection !== undefined),
    (use) => use.issuer.introspection?.endpoint ?? '',
  );
  const findings = await Promise.all([
    ...[...entries.values()].map(async (group) => {
      const [use] = group;
      if (use === undefined) return [];
      const told = judgeIssuer(use.issuer, await issuer(use.issuer));
      return told.map((finding) => findingOfRoutes(namesOf(group), finding));
    }),
    ...[...introspecting].map(async ([url, group]) => {
      const problem = await endpoint(url);
      return problem === undefined ? [] : [unreachable(url, problem, namesOf(group))];
    }),
  ]);
  return findings.flat();
}

function unreachable(url: string, problem: string, routes: readonly string[]): Finding {
  return findingOfRoutes(routes, {
    check: 'issuer',
    severity: 'error',
    message: `The introspection endpoint ${url} cannot be reached from here: ${problem}.`,
    fix: `curl -sS -o /dev/null ${url}`,
  });
}

function namesOf(uses: readonly Use[]): string[] {
  return uses.map(({ route }) => route);
}
