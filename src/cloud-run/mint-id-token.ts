import type { Clock } from '../core/clock.ts';
import { Malfunction } from '../core/malfunction.ts';
import { checkIdToken, type IdToken } from './check-id-token.ts';
import type { IdTokenSource } from './id-token-source.ts';
import { within } from './within.ts';

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
  const controller = new AbortController();
  const text = await within(limit_ms, source.fetchIdToken(audience, controller.signal), () => {
    const error = new Malfunction(`no answer within ${limit_ms} ms`);
    controller.abort(error);
    return Promise.reject(error);
  });
  return checkIdToken(text, audience, clock);
}
