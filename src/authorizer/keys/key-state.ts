import type { KeySet } from './load-keys.ts';

/** What the process knows of one issuer's keys. */
export interface KeyState {
  /** Null before any were fetched, and after the issuer answered that it has none. */
  keys: KeySet | null;
  /** When `keys` were fetched. */
  fetched_at_ms: number;
  /** When a fetch last ended, well or badly. */
  attempted_at_ms: number;
  /** Whether that fetch brought no key, for whatever reason. */
  failed: boolean;
  /** Whether the log already tells of the trouble, so that it tells once. */
  reported: boolean;
}

export interface KeyLimits {
  timeout_ms: number;
  /** Age from which keys are fetched again. */
  cache_seconds: number;
  /** Age from which keys are no longer used, even if they cannot be fetched again. */
  max_stale_seconds: number;
  /** Rest between fetches that unknown keys or failures ask for. */
  cooldown_seconds: number;
}

/** With nothing to serve requests from, waiting long only prolongs the outage. */
const RETRY_WITHOUT_KEYS_MS = 1000;

/** The keys that may be used now: fresh ones, or stale ones within bounds. */
export function keysIn(
  state: KeyState | undefined,
  limits: KeyLimits,
  now_ms: number,
): KeySet | null {
  if (state === undefined) return null;
  const age = age_ms(state.fetched_at_ms, now_ms);
  const bound_seconds = Math.max(limits.cache_seconds, limits.max_stale_seconds);
  return age < bound_seconds * 1000 ? state.keys : null;
}

/** Whether there are keys that were fetched lately. */
export function isFresh(state: KeyState | undefined, limits: KeyLimits, now_ms: number): boolean {
  if (state === undefined || state.keys === null) return false;
  return age_ms(state.fetched_at_ms, now_ms) < limits.cache_seconds * 1000;
}

/** Whether the keys are due to be fetched. */
export function wantsRefresh(
  state: KeyState | undefined,
  limits: KeyLimits,
  now_ms: number,
): boolean {
  if (state === undefined) return true;
  if (isFresh(state, limits, now_ms)) return false;
  return !state.failed || isCooledDown(state, limits, now_ms);
}

/**
 * Whether stale keys may serve while newer ones are fetched. Only where someone looked a moment ago: keys just gone stale,
 * or an outage that is being retried. After a quiet spell a key may have been withdrawn long since, and a request waits.
 */
export function mayServeMeanwhile(state: KeyState, limits: KeyLimits, now_ms: number): boolean {
  const { cache_seconds, cooldown_seconds } = limits;
  const justStale = age_ms(state.fetched_at_ms, now_ms) < (cache_seconds + cooldown_seconds) * 1000;
  const knownOutage =
    state.failed && age_ms(state.attempted_at_ms, now_ms) < 2 * cooldown_seconds * 1000;
  return justStale || knownOutage;
}

/** Whether enough time has passed since the last fetch for another one that was not due by itself. */
export function isCooledDown(state: KeyState, limits: KeyLimits, now_ms: number): boolean {
  return age_ms(state.attempted_at_ms, now_ms) >= retryDelayMs(state, limits, now_ms);
}

/** How long to leave the issuer alone after the last fetch. */
export function retryDelayMs(state: KeyState, limits: KeyLimits, now_ms: number): number {
  return keysIn(state, limits, now_ms) === null
    ? RETRY_WITHOUT_KEYS_MS
    : limits.cooldown_seconds * 1000;
}

/** A clock that was set back must not make keys young again, so either direction counts. */
function age_ms(then_ms: number, now_ms: number): number {
  return Math.abs(now_ms - then_ms);
}
