import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.ts';
import type { SharedState } from '../core/shared-state.ts';
import type { Grant } from './policy.ts';

/** Counts the requests that a grant has let on. */
export interface GrantUses {
  /**
   * Takes one of the uses of a grant that has `max_uses`.
   *
   * @returns false where none is left
   * @throws SharedStateUnavailable where that cannot be known
   */
  take(grant: Grant): boolean | Promise<boolean>;
}

/** Beyond any number of grants in use; of one that falls out, the uses are gone through again. */
const MAX_GRANTS = 1_000;

/**
 * Counts in the state that the processes share. Every use is a one-time value of its own, so that never more are taken
 * than there are, whoever takes them at the same time; a use may be lost where a request is refused after all.
 *
 * @param purpose a fixed word: what is counted under one does not count under another
 */
export function createGrantUses(state: SharedState, clock: Clock, purpose = 'grant'): GrantUses {
  /** The first use that may be left. */
  const next = new LRUCache<string, number>({ max: MAX_GRANTS });
  return {
    async take(grant) {
      const key = `${purpose}.${fingerprint(grant)}`;
      for (let use = next.get(key) ?? 1; use <= (grant.max_uses ?? 0); use += 1) {
        const left_ms = grant.expires - clock();
        if (left_ms <= 0) return false;
        const taken = await state.claim(`${key}.${use}`, left_ms);
        next.set(key, Math.max(use + 1, next.get(key) ?? 1));
        if (taken) return true;
      }
      return false;
    },
  };
}

/** Of what makes a grant this one, so that changing the rest of the policy, or `max_uses`, does not begin a new count. */
function fingerprint(grant: Grant): string {
  const { name, subject, group, issuer, role, rule, not_before, expires } = grant;
  const text = JSON.stringify([name, subject, group, issuer, role, rule, not_before, expires]);
  return createHash('sha256').update(text).digest('base64url');
}
