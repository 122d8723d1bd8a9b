import type { IdToken } from './check-id-token.ts';

/** A token sent in its last seconds may be expired when Cloud Run looks at it. */
const SAFETY_MS = 10_000;

/** A clock is set back by less to be kept right, and SAFETY_MS makes up for it. */
const CLOCK_CORRECTION_MS = 5000;

export function isUsable(token: IdToken | undefined, now: number): token is IdToken {
  return token !== undefined && now < token.expires_at_ms - SAFETY_MS;
}

/** Whether the token may still be sent where no better one can be had. */
export function isUnexpired(token: IdToken | undefined, now: number): token is IdToken {
  return token !== undefined && now < token.expires_at_ms;
}

/**
 * Whether to fetch the next token, from the margin before expiry on, put off by up to a tenth of it.
 *
 * Never in the first half of the life that was left when the token came: the metadata server hands out tokens it
 * has cached, and one with less than the margin left would be fetched again and again.
 *
 * At once where the clock was set back since the token came: by that clock it would seem valid after it has expired.
 *
 * @param jitter in [0, 1)
 */
export function refreshIsDue(
  { minted_at_ms, expires_at_ms }: IdToken,
  refresh_margin_ms: number,
  jitter: number,
  now: number,
): boolean {
  if (now < minted_at_ms - CLOCK_CORRECTION_MS) return true;
  const from_margin = expires_at_ms - refresh_margin_ms * (1 - 0.1 * jitter);
  const half_life = (minted_at_ms + expires_at_ms) / 2;
  return now >= Math.max(from_margin, half_life);
}

/**
 * Whether the upstream did not take it: it was minted before the one that it did not take, or is that one.
 *
 * @param rejected_until_ms when that was minted. In the future, it was so by a clock that was since set back, and would
 *   make every new token a rejected one.
 */
export function isRejected(
  { minted_at_ms }: IdToken,
  rejected_until_ms: number,
  now: number,
): boolean {
  return minted_at_ms <= rejected_until_ms && rejected_until_ms <= now + CLOCK_CORRECTION_MS;
}
