import { retryAfterMs } from './retry-after.ts';

const FIRST_MS = 1000;
const MAX_OWN_MS = 10_000;
/** No failure is remembered for longer. */
const MAX_BACK_OFF_MS = 30_000;

/**
 * How long to leave a failing source alone: a second, doubling to ten, less up to 30 % so that processes spread out; or
 * as long as it said, up to half a minute.
 *
 * @param failures in a row, at least 1
 * @param random in [0, 1)
 * @param error that it failed with
 */
export function backOffMs(failures: number, random: number, error?: unknown): number {
  const full_ms = Math.min(MAX_OWN_MS, FIRST_MS * 2 ** (failures - 1));
  const told_ms = Math.min(MAX_BACK_OFF_MS, retryAfterMs(error) ?? 0);
  return Math.max(told_ms, full_ms * (1 - 0.3 * random));
}

/** A failure of an hour ago by a clock that was since put back is not a reason to wait for an hour. */
export function backOffLeftMs(retry_at_ms: number, now_ms: number): number {
  const left_ms = retry_at_ms - now_ms;
  return left_ms > MAX_BACK_OFF_MS ? 0 : Math.max(0, left_ms);
}
