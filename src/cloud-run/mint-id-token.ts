import type { Clock } from '../core/clock.ts';
import { Malfunction } from '../core/malfunction.ts';
import { withinTime } from '../core/within-time.ts';
import { checkIdToken, type IdToken } from './check-id-token.ts';
import type { IdTokenSource } from './id-token-source.ts';

/** An answer that is lost on the way is asked for again while most requests still wait for it. */
const FIRST_TRY_MS = 2000;
/** A mint may take longer than a request waits, so that a slow source still fills the cache. */
const MINT_LIMIT_MS = 10_000;

/**
 * Fetches one ID token and checks it, within a time that holds whether or not the source heeds the signal.
 *
 * @param timeout_ms how long requests wait: a mint may take as long, or ten seconds where that is more
 * @throws what the source throws, or Malfunction
 */
export async function mintIdToken(
  source: IdTokenSource,
  audience: string,
  { clock, timeout_ms }: { clock: Clock; timeout_ms: number },
): Promise<IdToken> {
  const limit_ms = Math.max(timeout_ms, MINT_LIMIT_MS);
  const wanted = { audience: source.fixed_audience ?? audience, email: source.email };
  const late = new Malfunction(`no answer within ${limit_ms} ms`);
  const fetchWithin = (most_ms: number) =>
    withinTime(
      most_ms,
      (signal) => source.fetchIdToken(audience, signal),
      () => late,
    );
  const text = await fetchWithin(FIRST_TRY_MS).catch((error) => {
    if (error !== late) throw error;
    return fetchWithin(limit_ms - FIRST_TRY_MS);
  });
  return checkIdToken(text, wanted, clock);
}
