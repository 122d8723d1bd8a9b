import { countCacheResult } from '../../core/cache-counters.ts';
import type { Identity } from '../../core/identity.ts';
import { ownMember } from '../../core/json.ts';
import { Malfunction } from '../../core/malfunction.ts';
import { fact, type RequestFacts } from '../../core/request.ts';
import type { ContextAnswer, ContextSource } from '../context-values.ts';
import { serviceOfHost } from './cloud-run-service.ts';
import type { ContextConfig } from './config.ts';
import type { ContextRegistry } from './create-context-registry.ts';
import type { Labels } from './fetch-service-labels.ts';
import type { Found } from './live-cache.ts';
import { memberKey } from './transitive-groups-query.ts';

const NO_LABELS: Found<Labels> = { value: new Map() };
const NO_GROUPS: Found<readonly string[]> = { value: [] };

/** An address does not change, so there is no use in coming back soon. */
const UNASKABLE_RETRY_SECONDS = 60;

/**
 * Live labels and groups as one plugin config wants them.
 *
 * @throws ConfigError where credentials or endpoints cannot be used
 * @example
 * const contexts = createContextRegistry({ clock: systemClock, logger });
 * const context = createPolicyContext(config.context, contexts);
 * const answer = await context.look(facts, identity);
 */
export function createPolicyContext(
  config: ContextConfig,
  registry: ContextRegistry,
): ContextSource {
  const { cloud_run_labels, google_groups } = config;
  if (cloud_run_labels !== undefined || google_groups !== undefined) registry.connect();

  function findLabels(facts: RequestFacts): Found<Labels> | Promise<Found<Labels>> {
    if (cloud_run_labels === undefined) return NO_LABELS;
    const service = cloud_run_labels.service ?? serviceOfHost(fact(facts, 'service').host);
    if (service === undefined) {
      throw new Malfunction(
        "the Kong service's host does not tell which Cloud Run service it is; set context.cloud_run_labels.service",
      );
    }
    return registry.labels.get(service, config);
  }

  function findGroups(
    identity: Identity | null,
  ): Found<readonly string[]> | Promise<Found<readonly string[]>> {
    if (google_groups === undefined || identity === null) return NO_GROUPS;
    const { issuers } = google_groups;
    if (issuers !== undefined && !issuers.includes(identity.issuer)) return NO_GROUPS;
    const email = ownMember(identity.claims, 'email');
    if (typeof email !== 'string' || email === '') return NO_GROUPS;
    if (ownMember(identity.claims, 'email_verified') !== true) {
      // Whoever could choose the address would choose whose groups are theirs; and nobody must lose a group by it.
      countCacheResult('context_groups', 'failed');
      return {
        unavailable:
          'groups of members: the token does not say that its e-mail address is verified',
        retry_after_seconds: UNASKABLE_RETRY_SECONDS,
      };
    }
    const member = memberKey(email);
    if (member === undefined) {
      // Its groups are not known, which is not the same as being in none: a rule may deny by one.
      countCacheResult('context_groups', 'failed');
      return {
        unavailable: 'groups of members: the address has characters that Google is not asked about',
        retry_after_seconds: UNASKABLE_RETRY_SECONDS,
      };
    }
    return registry.groups.get({ email: member, customer: google_groups.customer }, config);
  }

  return {
    needs:
      cloud_run_labels !== undefined && cloud_run_labels.service === undefined ? ['service'] : [],
    look(facts, identity) {
      // Both are on their way before either is waited for.
      const labels = findLabels(facts);
      const groups = findGroups(identity);
      if (!(labels instanceof Promise) && !(groups instanceof Promise)) {
        return combine(labels, groups);
      }
      return Promise.all([labels, groups]).then((found) => combine(...found));
    },
  };
}

function combine(labels: Found<Labels>, groups: Found<readonly string[]>): ContextAnswer {
  if ('value' in labels && 'value' in groups) {
    return { labels: labels.value, groups: groups.value };
  }
  const missing = [labels, groups].filter((found) => 'unavailable' in found);
  return {
    unavailable: missing.map(({ unavailable }) => unavailable).join('; '),
    retry_after_seconds: Math.max(...missing.map((found) => found.retry_after_seconds)),
  };
}
