import type { ObservedAnswer } from '../issuer/observed-answer.ts';
import type { DateSample } from './date-sample.ts';

/** A `Date` has whole seconds (RFC 9110 §5.6.7): it is between that second and the next. */
const HALF_SECOND_MS = 500;

/** Nothing can be learnt from an answer that took longer. */
const MAX_ROUND_TRIP_MS = 5000;

/** An answer kept for longer says more of the cache than of the time. */
const MAX_AGE_SECONDS = 3600;

/**
 * Compares this machine's clock with the `Date` of an answer, which was made somewhere between request and answer.
 *
 * @returns undefined where the answer says nothing of use
 */
export function toDateSample({
  url,
  date,
  age,
  sent_at_ms,
  received_at_ms,
}: Pick<ObservedAnswer, 'url' | 'date' | 'age' | 'sent_at_ms' | 'received_at_ms'>):
  | DateSample
  | undefined {
  const round_trip_ms = received_at_ms - sent_at_ms;
  if (!/ GMT$/.test(date) || round_trip_ms < 0 || round_trip_ms > MAX_ROUND_TRIP_MS) {
    return undefined;
  }
  // An answer from a cache has the date of when it was made, and says how long ago that was (RFC 9111 §5.1).
  const age_seconds = /^\d{1,9}$/.test(age) ? Number(age) : 0;
  const there_ms = Date.parse(date) + age_seconds * 1000 + HALF_SECOND_MS;
  if (Number.isNaN(there_ms) || age_seconds > MAX_AGE_SECONDS) return undefined;
  return {
    host: new URL(url).host,
    ahead_ms: (sent_at_ms + received_at_ms) / 2 - there_ms,
    uncertainty_ms: round_trip_ms / 2 + HALF_SECOND_MS,
  };
}
