import type { Finding } from '../finding.ts';
import { findingOfRoutes } from './finding-of-routes.ts';
import { judgeDoors } from './google/judge-doors.ts';
import { judgeInvoker } from './google/judge-invoker.ts';
import type { Account, ServiceInUse } from './google/services-in-use.ts';
import { servicesInUse } from './google/services-in-use.ts';
import { tellUnseen } from './google/tell-unseen.ts';
import type { Lookups } from './lookups.ts';

type Asks = Pick<Lookups, 'tokenRoutes' | 'service' | 'metadataAccount' | 'mayInvoke'>;

/**
 * The check `invoker`: whether each account by which a service is reached may invoke it, and whether others who have
 * passed no gateway may. What could not be seen of the services is said here, and not by `ingress` and `audience` again.
 */
export async function checkInvoker(lookups: Asks): Promise<Finding[]> {
  const services = await servicesInUse(lookups);
  const looked = await Promise.all(services.map((service) => checkService(service, lookups)));
  return [...tellUnseen(lookups.tokenRoutes, services), ...looked.flat()];
}

async function checkService(service: ServiceInUse, lookups: Asks): Promise<Finding[]> {
  const { lookup, accounts } = service;
  const { facts } = lookup;
  // Nothing more is to be learnt there, and why has been told.
  if (['not_found', 'unavailable', 'no_token'].includes(facts.outcome)) return [];
  const names = service.routes.map(({ name }) => name);
  const doors = judgeDoors(service).map((told) => findingOfRoutes(names, told));
  // Behind Identity-Aware Proxy it is IAP that invokes the service; the check `audience` tells.
  if (facts.outcome === 'found' && facts.value.iap_enabled) return doors;
  const invokers = await Promise.all(
    accounts.map((account) => checkAccount(service, account, lookups)),
  );
  return [...doors, ...invokers];
}

async function checkAccount(
  { resource, lookup }: ServiceInUse,
  account: Account,
  { mayInvoke }: Pick<Asks, 'mayInvoke'>,
): Promise<Finding> {
  const name = lookup.facts.outcome === 'found' ? lookup.facts.value.name : resource;
  const bindings = lookup.bindings.outcome === 'found' ? lookup.bindings.value : undefined;
  const told = await judgeInvoker(name, account.email, bindings, () =>
    mayInvoke({ resource, source: account.sender.access_tokens }),
  );
  return findingOfRoutes(account.routes, told);
}
