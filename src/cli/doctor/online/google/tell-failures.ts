import type { Finding } from '../../finding.ts';
import { findingOfRoutes } from '../finding-of-routes.ts';
import { groupBy } from '../group-by.ts';
import { describeFailure, type TokenFailure } from './describe-failure.ts';
import { isOutage } from './failure-kind.ts';

/** One finding for each reason, and one alone for a reason that lies between here and Google. */
export function tellFailures(failures: readonly TokenFailure[]): Finding[] {
  const groups = groupBy(failures, ({ reason, found, impersonated }) =>
    isOutage(reason) ? reason : JSON.stringify([reason, found.origin, impersonated]),
  );
  return [...groups.values()].flatMap((group) => {
    const worst = group.find(({ severity }) => severity === 'error') ?? group[0];
    if (worst === undefined) return [];
    const routes = group.flatMap((failure) => failure.routes);
    return [findingOfRoutes(routes, describeFailure(worst))];
  });
}
