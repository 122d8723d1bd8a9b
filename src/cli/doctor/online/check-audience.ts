import type { Finding } from '../finding.ts';
import { judgeAudience } from './google/judge-audience.ts';
import { servicesInUse } from './google/services-in-use.ts';
import type { Lookups } from './lookups.ts';
import { mergeFindings } from './merge-findings.ts';

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
      judgeAudience(facts.value, route).map((finding) => ({ ...finding, route: route.name })),
    );
    return mergeFindings(told);
  });
}
