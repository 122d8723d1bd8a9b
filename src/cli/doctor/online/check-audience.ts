import type { Finding } from '../finding.ts';
import { findingOfRoutes } from './finding-of-routes.ts';
import { judgeAudience } from './google/judge-audience.ts';
import { servicesInUse } from './google/services-in-use.ts';
import { groupBy } from './group-by.ts';
import type { Lookups } from './lookups.ts';

type Asks = Pick<Lookups, 'tokenRoutes' | 'service' | 'metadataAccount'>;

/**
 * The check `audience`: whether a service takes the audience that its ID tokens are made for, which it compares as text,
 * and whether they stand in a header that it looks at.
 */
export async function checkAudience(lookups: Asks): Promise<Finding[]> {
  const services = await servicesInUse(lookups);
  return services.flatMap(({ lookup: { facts }, routes }) => {
    if (facts.outcome !== 'found') return [];
    const told = routes.flatMap((route) =>
      judgeAudience(facts.value, route).map((finding) => ({ name: route.name, finding })),
    );
    return [...groupBy(told, ({ finding }) => JSON.stringify(finding)).values()].flatMap(
      (group) => {
        const [first] = group;
        if (first === undefined) return [];
        return [
          findingOfRoutes(
            group.map(({ name }) => name),
            first.finding,
          ),
        ];
      },
    );
  });
}
