import { decodeJwt } from 'jose';
import type { IdTokenSource } from '../../../../cloud-run/id-token-source.ts';
import { mintIdToken } from '../../../../cloud-run/mint-id-token.ts';
import type { Clock } from '../../../../core/clock.ts';
import {
  type AccessTokenSource,
  CLOUD_PLATFORM,
} from '../../../../core/google/access-token-source.ts';
import type { AccessTokens } from '../../../../core/google/access-tokens.ts';
import { failureReason } from '../../../../core/google/failure-reason.ts';
import { Malfunction } from '../../../../core/malfunction.ts';
import { withinTime } from '../../../../core/within-time.ts';

/** Whether a token could be had now. The token itself is dropped. */
export type Minted<T> = ({ outcome: 'minted' } & T) | { outcome: 'failed'; reason: string };

/** What Cloud Run looks at in an ID token, besides audience and expiry, which have been checked. */
export interface IdTokenFacts {
  is_of_google: boolean;
  /** Undefined where the token has none. */
  email: string | undefined;
  email_verified: boolean;
}

interface Bounds {
  clock: Clock;
  timeout_ms: number;
}

/** Never rejects. */
export async function mintAndReadIdToken(
  source: IdTokenSource,
  audience: string,
  { clock, timeout_ms }: Bounds,
): Promise<Minted<IdTokenFacts>> {
  try {
    const { text } = await mintIdToken(source, audience, { clock, timeout_ms });
    const { iss, email, email_verified } = decodeJwt(text);
    return {
      outcome: 'minted',
      is_of_google: iss === 'https://accounts.google.com' || iss === 'accounts.google.com',
      email: typeof email === 'string' ? email : undefined,
      email_verified: email_verified === true,
    };
  } catch (error) {
    return { outcome: 'failed', reason: failureReason(error) };
  }
}

/** Never rejects. */
export async function mintAccessToken(
  source: AccessTokenSource,
  { tokens, timeout_ms }: { tokens: AccessTokens; timeout_ms: number },
): Promise<Minted<object>> {
  // An executable of a federated credential has a time of its own.
  const limit_ms = Math.max(timeout_ms, source.fetch_limit_ms ?? 0);
  try {
    await withinTime(
      limit_ms,
      () => tokens.get(source, CLOUD_PLATFORM),
      () => new Malfunction(`no access token can be had: no answer within ${limit_ms} ms`),
    );
    return { outcome: 'minted' };
  } catch (error) {
    return { outcome: 'failed', reason: failureReason(error) };
  }
}
