import { LRUCache } from 'lru-cache';
import { countCacheResult } from '../../core/cache-counters.ts';
import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { createDeadline, type Deadline } from './create-deadline.ts';
import {
  isCooledDown,
  isFresh,
  type KeyLimits,
  type KeyState,
  keysIn,
  mayServeMeanwhile,
  retryDelayMs,
  wantsRefresh,
} from './key-state.ts';
import type { KeySet, KeySource } from './load-keys.ts';
import { refreshKeys } from './refresh-keys.ts';

/** `unknown_key` asks for newer keys. */
type AttemptOutcome = 'verified' | 'bad_signature' | 'ambiguous_key' | 'unknown_key';
type KeyAttempt = (keys: KeySet) => Promise<AttemptOutcome>;

type KeyOutcome =
  | { outcome: AttemptOutcome }
  | { outcome: 'keys_unavailable'; retry_after_seconds: number };

/** Every issuer's keys, for the whole process: Kong starts many instances of one plugin config, and again after every change. */
export interface KeyRegistry {
  /**
   * Runs `attempt` with an issuer's keys, and once more with newer ones where it says `unknown_key` and the cooldown
   * lets them be fetched. Stale keys within `limits` are used at once, while newer ones are fetched in the background.
   * All waiting for the network together is bounded by `limits.timeout_ms`.
   */
  withKeys(source: KeySource, limits: KeyLimits, attempt: KeyAttempt): Promise<KeyOutcome>;
}

export interface KeyRegistryDependencies {
  clock: Clock;
  fetch: typeof globalThis.fetch;
  logger: Logger;
}

/** Bounds what a long series of config changes can leave behind. */
const MAX_SOURCES = 1000;

/**
 * @example
 * const keys = createKeyRegistry({ clock: systemClock, fetch, logger });
 * const stage = createAuthorizerStage(config, { clock: systemClock, fetch, logger, keys });
 */
export function createKeyRegistry(dependencies: KeyRegistryDependencies): KeyRegistry {
  const { clock } = dependencies;
  /** A refresh never rejects: its failure is a state as well, so that its cooldown is remembered. */
  const states = new LRUCache<string, KeyState, { source: KeySource; limits: KeyLimits }>({
    max: MAX_SOURCES,
    ignoreFetchAbort: true,
    fetchMethod: (_id, previous, { context }) =>
      refreshKeys(context.source, context.limits.timeout_ms, previous, dependencies),
  });

  /**
   * Joins the refresh under way, if there is one; what was known before stays in place until it ends. May be left to
   * itself, as it never rejects.
   */
  function refresh(source: KeySource, limits: KeyLimits): Promise<KeyState | undefined> {
    const context = { source, limits };
    return states.fetch(sourceId(source), { forceRefresh: true, context });
  }

  async function attemptWithKeys(
    source: KeySource,
    limits: KeyLimits,
    attempt: KeyAttempt,
    deadline: Deadline,
  ): Promise<KeyOutcome> {
    const id = sourceId(source);
    let state = states.get(id);
    let hasWaited = false;
    if (wantsRefresh(state, limits, clock())) {
      const refreshed = refresh(source, limits);
      const serves =
        state !== undefined &&
        keysIn(state, limits, clock()) !== null &&
        mayServeMeanwhile(state, limits, clock());
      if (!serves) {
        hasWaited = true;
        state = (await Promise.race([refreshed, deadline.passed()])) ?? states.get(id);
      }
    }
    const keys = keysIn(state, limits, clock());
    const age = isFresh(state, limits, clock()) ? (hasWaited ? 'miss' : 'hit') : 'stale';
    countCacheResult('signing_keys', keys === null ? 'failed' : age);
    if (keys === null) return unavailable(state, limits, clock());
    const first = await attempt(keys);
    if (first !== 'unknown_key') return { outcome: first };

    state = states.get(id);
    if (state?.keys === keys && mayRefresh(state, limits, clock())) {
      state = await Promise.race([refresh(source, limits), deadline.passed()]);
    }
    const newer = keysIn(state, limits, clock());
    if (newer !== null && newer !== keys) return { outcome: await attempt(newer) };
    // The key may be a new one that could not be fetched: no ground to call the token invalid.
    if (state === undefined || state.failed) return unavailable(state, limits, clock());
    return { outcome: first };
  }

  return {
    async withKeys(source, limits, attempt) {
      const deadline = createDeadline(limits.timeout_ms);
      try {
        return await attemptWithKeys(source, limits, attempt, deadline);
      } finally {
        deadline.cancel();
      }
    },
  };
}

/** Whether an unknown key may wait for newer keys: those that are due anyway, or asked for after the cooldown. */
function mayRefresh(state: KeyState, limits: KeyLimits, now_ms: number): boolean {
  return wantsRefresh(state, limits, now_ms) || isCooledDown(state, limits, now_ms);
}

function sourceId({ issuer, jwks_uri }: KeySource): string {
  return JSON.stringify([issuer, jwks_uri ?? null]);
}

function unavailable(state: KeyState | undefined, limits: KeyLimits, now_ms: number): KeyOutcome {
  const wait_ms =
    state === undefined ? 0 : state.attempted_at_ms + retryDelayMs(state, limits, now_ms) - now_ms;
  const retry_after_seconds = Math.min(
    Math.max(1, Math.ceil(wait_ms / 1000)),
    limits.cooldown_seconds,
  );
  return { outcome: 'keys_unavailable', retry_after_seconds };
}
