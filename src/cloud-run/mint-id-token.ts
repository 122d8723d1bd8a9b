import type { Clock } from '../core/clock.ts';
import { hedge } from '../core/hedge.ts';
import { Malfunction } from '../core/malfunction.ts';
import { checkIdToken, type IdToken } from './check-id-token.ts';
import type { IdTokenSource } from './id-token-source.ts';

/** An answer that seems lost on the way is asked for again while most requests still wait for it. */
const HEDGE_MS = 2000;
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
  const text = await hedge((signal) => source.fetchIdToken(audience, signal), {
    after_ms: HEDGE_MS,
    limit_ms,
    late: () => new Malfunction(`no answer within ${limit_ms} ms`),
  });
  return checkIdToken(text, wanted, clock);
}
