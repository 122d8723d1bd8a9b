import { countCacheResult } from '../../core/cache-counters.ts';
import { createDeadline, type Deadline } from './create-deadline.ts';
import { createKeyEntries, type KeyEntry } from './create-key-entries.ts';
import {
  isFresh,
  isKnownSince,
  type KeyLimits,
  type KeyState,
  keysIn,
  mayServeMeanwhile,
  retryInMs,
  searchInMs,
  wantsRefresh,
} from './key-state.ts';
import type { KeySet, KeySource } from './load-keys.ts';
import type { RefreshDependencies } from './refresh-keys.ts';

/** `unknown_key` asks for newer keys. */
type AttemptOutcome = 'verified' | 'bad_signature' | 'ambiguous_key' | 'unknown_key';
type KeyAttempt = (keys: KeySet) => Promise<AttemptOutcome>;

type KeyOutcome =
  | { outcome: AttemptOutcome }
  | { outcome: 'keys_unavailable'; retry_after_seconds: number };

/** Every issuer's keys, for the whole process: Kong starts many instances of one plugin config, and again after every change. */
export interface KeyRegistry {
  /**
   * An issuer's keys, where they are fresh. Where they are also due, newer ones are fetched in the background.
   *
   * @returns undefined where only `withKeys` can tell
   */
  peek(source: KeySource, limits: KeyLimits): KeySet | undefined;

  /**
   * Runs `attempt` with an issuer's keys, and once more with newer ones where it says `unknown_key` and the cooldown
   * lets them be fetched. Stale keys within `limits` are used at once, while newer ones are fetched in the background.
   * All waiting for the network together is bounded by `limits.timeout_ms`.
   *
   * The outcome is `unknown_key` only where the issuer, asked when the token already existed, did not name its key.
   * Otherwise the key may be a new one, and the token a good one that its client must not throw away: that is
   * `keys_unavailable`, until keys may be fetched again.
   *
   * @param existed_at_ms a time at which the token says to have existed: its `iat`, and some leeway. Left out, only the
   *   time of this call counts. Need not be verified: a lie merely chooses between the two refusals
   */
  withKeys(
    source: KeySource,
    limits: KeyLimits,
    attempt: KeyAttempt,
    existed_at_ms?: number,
  ): Promise<KeyOutcome>;
}

/** One call of `withKeys`. */
interface Call {
  readonly entry: KeyEntry;
  readonly source: KeySource;
  readonly limits: KeyLimits;
  readonly deadline: Deadline;
  readonly arrived_at_ms: number;
}

export type KeyRegistryDependencies = RefreshDependencies;

/**
 * @example
 * const keys = createKeyRegistry({ clock: systemClock, fetch, logger });
 * const stage = createAuthorizerStage(config, { clock: systemClock, fetch, logger, keys });
 */
export function createKeyRegistry(dependencies: KeyRegistryDependencies): KeyRegistry {
  const { clock } = dependencies;
  const { entryFor, refresh } = createKeyEntries(dependencies);

  /** Sees to it that there are keys, and waits only where none may serve meanwhile. */
  async function bringKeys({
    entry,
    source,
    limits,
    deadline,
  }: Call): Promise<'at hand' | 'waited'> {
    const { state } = entry;
    const now_ms = clock();
    if (!wantsRefresh(state, limits, now_ms)) return 'at hand';
    const refreshed = refresh(entry, source, limits, 'due');
    if (keysIn(state, limits, now_ms) !== null && mayServeMeanwhile(state, limits, now_ms)) {
      return 'at hand';
    }
    await Promise.race([refreshed, deadline.passed()]);
    return 'waited';
  }

  /** Looks for newer keys than these, if any can be had: the issuer is not asked again what it said just now. */
  async function searchKeys(
    { entry, source, limits, deadline, arrived_at_ms }: Call,
    state: KeyState,
    keys: KeySet,
  ): Promise<'searched' | 'timed out'> {
    const now_ms = clock();
    if (keysIn(state, limits, now_ms) !== keys) return 'searched';
    if (isKnownSince(state, arrived_at_ms, now_ms)) return 'searched';
    if (!entry.refreshing && searchInMs(state, limits, now_ms) > 0) return 'searched';
    const refreshed = refresh(entry, source, limits, 'unknown_key').then(() => 'searched' as const);
    return (await Promise.race([refreshed, deadline.passed()])) ?? 'timed out';
  }

  async function attemptWithKeys(
    call: Call,
    attempt: KeyAttempt,
    existed_at_ms: number,
  ): Promise<KeyOutcome> {
    const { entry, limits, arrived_at_ms } = call;
    const way = await bringKeys(call);
    const state = entry.state;
    const keys = keysIn(state, limits, clock());
    const age = isFresh(state, limits, clock()) ? (way === 'waited' ? 'miss' : 'hit') : 'stale';
    countCacheResult('signing_keys', keys === null ? 'failed' : age);
    if (state === undefined) return unavailable(0, limits);
    if (keys === null) return unavailable(retryInMs(state, limits, clock()), limits);
    const first = await attempt(keys);
    if (first !== 'unknown_key') return { outcome: first };

    const search = await searchKeys(call, entry.state ?? state, keys);
    // From here on, what holds of this state must not be said of one that comes in meanwhile.
    const latest = entry.state ?? state;
    const newer = keysIn(latest, limits, clock());
    const second = newer === null || newer === keys ? first : await attempt(newer);
    if (second !== 'unknown_key') return { outcome: second };
    const isKeyRefuted =
      search === 'searched' &&
      !latest.failed &&
      isKnownSince(latest, Math.min(arrived_at_ms, existed_at_ms), clock());
    return isKeyRefuted
      ? { outcome: 'unknown_key' }
      : unavailable(searchInMs(latest, limits, clock()), limits);
  }

  return {
    peek(source, limits) {
      const entry = entryFor(source, limits);
      const now_ms = clock();
      if (!isFresh(entry.state, limits, now_ms)) return undefined;
      if (wantsRefresh(entry.state, limits, now_ms)) void refresh(entry, source, limits, 'due');
      countCacheResult('signing_keys', 'hit');
      return keysIn(entry.state, limits, now_ms) ?? undefined;
    },
    async withKeys(source, limits, attempt, existed_at_ms = Number.POSITIVE_INFINITY) {
      const deadline = createDeadline(limits.timeout_ms);
      try {
        const entry = entryFor(source, limits);
        const call = { entry, source, limits, deadline, arrived_at_ms: clock() };
        return await attemptWithKeys(call, attempt, existed_at_ms);
      } finally {
        deadline.cancel();
      }
    },
  };
}

function unavailable(wait_ms: number, { cooldown_seconds }: KeyLimits): KeyOutcome {
  const wait_seconds = Math.max(1, Math.ceil(wait_ms / 1000));
  return {
    outcome: 'keys_unavailable',
    retry_after_seconds: Math.min(wait_seconds, cooldown_seconds),
  };
}
