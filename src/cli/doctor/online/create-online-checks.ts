import type { Check, Checks, DoctorSubject, DoctorTools } from '../check.ts';
import { checkAudience } from './check-audience.ts';
import { checkClock } from './check-clock.ts';
import { checkCredentials } from './check-credentials.ts';
import { checkIngress } from './check-ingress.ts';
import { checkInvoker } from './check-invoker.ts';
import { checkIssuers } from './check-issuers.ts';
import { checkRunAs } from './check-run-as.ts';
import type { NamedServices } from './google/service-of-route.ts';
import { createLookups, type Lookups } from './lookups.ts';

/**
 * The checks that ask issuers and Google. Run together on one subject, they ask each of them once.
 *
 * @param services Cloud Run services by route, where neither host nor policy config tells
 */
export function createOnlineChecks(services: NamedServices = new Map()): Checks {
  const known = new WeakMap<DoctorSubject, Lookups>();

  function lookupsOf(subject: DoctorSubject, tools: DoctorTools): Lookups {
    const lookups = known.get(subject) ?? createLookups(subject, tools, services);
    known.set(subject, lookups);
    return lookups;
  }

  function withLookups(
    check: (subject: DoctorSubject, lookups: Lookups) => ReturnType<Check>,
  ): Check {
    return (subject, tools) => check(subject, lookupsOf(subject, tools));
  }

  return {
    issuer: withLookups(checkIssuers),
    clock: withLookups(checkClock),
    credentials: withLookups((_, lookups) => checkCredentials(lookups)),
    invoker: withLookups((_, lookups) => checkInvoker(lookups)),
    ingress: withLookups((_, lookups) => checkIngress(lookups)),
    audience: withLookups((_, lookups) => checkAudience(lookups)),
    'run-as': checkRunAs,
  };
}
