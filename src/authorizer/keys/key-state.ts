import type { KeySet, PublishedKeys } from './load-keys.ts';

/** What the process knows of one issuer's keys. */
export interface KeyState {
  /** Undefined before anything was fetched. */
  published: PublishedKeys | undefined;
  /** When `published` was asked for, so it is no older than this. */
  fetched_at_ms: number;
  /** When a fetch last ended, well or badly. */
  attempted_at_ms: number;
  /** When a fetch last ended that an unknown key had asked for; null where none has. */
  searched_at_ms: number | null;
  /** Whether the last fetch brought no key, for whatever reason. */
  failed: boolean;
  /** Whether the log already tells of the trouble, so that it tells once. */
  reported: boolean;
}

export interface KeyLimits {
  readonly timeout_ms: number;
  /** Age from which keys are fetched again, unless the issuer wishes it sooner. */
  readonly cache_seconds: number;
  /** Age from which keys are no longer used, even if they cannot be fetched again. */
  readonly max_stale_seconds: number;
  /** Rest between fetches that unknown keys or failures ask for, and the shortest life an issuer can wish for. */
  readonly cooldown_seconds: number;
}

/** With nothing to serve requests from, waiting long only prolongs the outage. */
const RETRY_WITHOUT_KEYS_MS = 1000;

/** Early enough for several attempts before the end of their life. */
const DUE_AT_SHARE_OF_LIFE = 0.8;

/** The keys that may be used now: fresh ones, or stale ones within bounds. */
export function keysIn(
  state: KeyState | undefined,
  limits: KeyLimits,
  now_ms: number,
): KeySet | null {
  if (state?.published === undefined) return null;
  const bound_ms = Math.max(lifeMs(state, limits), limits.max_stale_seconds * 1000);
  const isUsable = age_ms(state.fetched_at_ms, now_ms) < bound_ms;
  return isUsable ? state.published.keySet.content : null;
}

/** Whether there are keys whose life is not over. */
export function isFresh(state: KeyState | undefined, limits: KeyLimits, now_ms: number): boolean {
  if (!state?.published?.keySet.content) return false;
  return age_ms(state.fetched_at_ms, now_ms) < lifeMs(state, limits);
}

/** Whether the keys are to be fetched now. They are due before their life is over, so that nobody has to wait. */
export function wantsRefresh(
  state: KeyState | undefined,
  limits: KeyLimits,
  now_ms: number,
): boolean {
  if (state === undefined) return true;
  if (isFresh(state, limits, now_ms)) {
    const age = age_ms(state.fetched_at_ms, now_ms);
    if (age < lifeMs(state, limits) * DUE_AT_SHARE_OF_LIFE) return false;
  }
  return retryInMs(state, limits, now_ms) === 0;
}

/**
 * Whether the keys may serve while newer ones are fetched. Stale ones only where someone looked a moment ago: keys just
 * gone stale, or an outage that is being retried. After a quiet spell a key may have been withdrawn long since, and a
 * request waits.
 */
export function mayServeMeanwhile(
  state: KeyState | undefined,
  limits: KeyLimits,
  now_ms: number,
): boolean {
  if (state === undefined) return false;
  const cooldown_ms = limits.cooldown_seconds * 1000;
  const isJustStale = age_ms(state.fetched_at_ms, now_ms) < lifeMs(state, limits) + cooldown_ms;
  const isKnownOutage = state.failed && age_ms(state.attempted_at_ms, now_ms) < 2 * cooldown_ms;
  return isJustStale || isKnownOutage;
}

/** How long to leave the issuer alone after a failure; 0 where that is over, or there was none. */
export function retryInMs(state: KeyState, limits: KeyLimits, now_ms: number): number {
  if (!state.failed) return 0;
  const hasKeys = keysIn(state, limits, now_ms) !== null;
  const rest_ms = hasKeys ? limits.cooldown_seconds * 1000 : RETRY_WITHOUT_KEYS_MS;
  return Math.max(0, rest_ms - age_ms(state.attempted_at_ms, now_ms));
}

/**
 * How long an unknown key has to wait until keys may be fetched for it. The cooldown counts from the last fetch of this
 * kind: one that was due by itself must not make a key that comes right after it wait.
 */
export function searchInMs(state: KeyState, limits: KeyLimits, now_ms: number): number {
  if (state.failed) return retryInMs(state, limits, now_ms);
  if (state.searched_at_ms === null) return 0;
  return Math.max(0, limits.cooldown_seconds * 1000 - age_ms(state.searched_at_ms, now_ms));
}

/** Whether the issuer, asked for its keys at a time or later, has answered. */
export function isKnownSince(state: KeyState, then_ms: number, now_ms: number): boolean {
  // A clock that was set back makes no old answer a new one.
  return then_ms <= state.fetched_at_ms && state.fetched_at_ms <= now_ms;
}

/** What the issuer wishes (RFC 9111 §4.2), within the limits. Without a wish it is the longest. */
function lifeMs({ published }: KeyState, { cache_seconds, cooldown_seconds }: KeyLimits): number {
  const { max_age_seconds = null, age_seconds = 0 } = published?.keySet.freshness ?? {};
  if (max_age_seconds === null) return cache_seconds * 1000;
  const wish_seconds = Math.max(max_age_seconds - age_seconds, cooldown_seconds);
  return Math.min(wish_seconds, cache_seconds) * 1000;
}

/** A clock that was set back must not make keys young again, so either direction counts. */
function age_ms(then_ms: number, now_ms: number): number {
  return Math.abs(now_ms - then_ms);
}
