import type { Clock } from '../core/clock.ts';
import { Malfunction } from '../core/malfunction.ts';
import { withinTime } from '../core/within-time.ts';
import { checkIdToken, type IdToken } from './check-id-token.ts';
import type { IdTokenSource } from './id-token-source.ts';

/**
 * Fetches one ID token and checks it, within a time that holds whether or not the source heeds the signal.
 *
 * @throws what the source throws, or Malfunction
 */
export async function mintIdToken(
  source: IdTokenSource,
  audience: string,
  { clock, limit_ms }: { clock: Clock; limit_ms: number },
): Promise<IdToken> {
  const text = await withinTime(
    limit_ms,
    (signal) => source.fetchIdToken(audience, signal),
    () => new Malfunction(`no answer within ${limit_ms} ms`),
  );
  return checkIdToken(text, source.fixed_audience ?? audience, clock);
}
