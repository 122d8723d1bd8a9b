import type { Finding } from '../finding.ts';
import { findingOfRoutes } from './finding-of-routes.ts';
import { judgeIngress } from './google/judge-ingress.ts';
import { judgeOtherInvokers } from './google/judge-other-invokers.ts';
import { type ServiceInUse, servicesInUse } from './google/services-in-use.ts';
import type { Lookups } from './lookups.ts';

type Asks = Pick<Lookups, 'tokenRoutes' | 'service' | 'metadataAccount'>;

/** The check `ingress`: which doors of a service are open, and to whom besides the gateway. */
export async function checkIngress(lookups: Asks): Promise<Finding[]> {
  const services = await servicesInUse(lookups);
  const looked = await Promise.all(services.map((service) => checkService(service, lookups)));
  return looked.flat();
}

async function checkService(
  { lookup, routes, accounts }: ServiceInUse,
  { metadataAccount }: Asks,
): Promise<Finding[]> {
  const { facts, bindings } = lookup;
  if (facts.outcome !== 'found') return [];
  const byUrl = routes.filter(({ by_url }) => by_url);
  const isUrlUsed = byUrl.length > 0;
  const mayBeOutside = isUrlUsed && facts.value.ingress !== 'INGRESS_TRAFFIC_ALL';
  const outside = mayBeOutside && (await metadataAccount()) === undefined;
  const emails = accounts.flatMap(({ email }) => email ?? []);
  const told = [
    ...judgeIngress(facts.value, { uses_url: isUrlUsed, outside }),
    ...(bindings.outcome === 'found'
      ? judgeOtherInvokers(facts.value, bindings.value, emails)
      : []),
  ];
  const names = (isUrlUsed ? byUrl : routes).map(({ name }) => name);
  return told.map((one) => findingOfRoutes(names, one));
}
