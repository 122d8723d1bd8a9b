import type { Finding } from '../finding.ts';
import { findingOfRoutes } from './finding-of-routes.ts';
import { groupBy } from './group-by.ts';

/** Tells what many routes have in common, such as a policy, once. */
export function mergeFindings(findings: readonly Finding[]): Finding[] {
  const groups = groupBy(findings, ({ route: _, ...told }) => JSON.stringify(told));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { route: _, ...told } = first;
    return [
      findingOfRoutes(
        group.flatMap(({ route }) => route ?? []),
        told,
      ),
    ];
  });
}
