import { decodeJwt, type JWTPayload } from 'jose';
import type { Clock } from '../core/clock.ts';
import { Malfunction } from '../core/malfunction.ts';

export interface IdToken {
  /** Compact serialization. */
  text: string;
  /** Milliseconds since the Unix epoch. */
  minted_at_ms: number;
  expires_at_ms: number;
}

/** Google's live for an hour. A longer one would outlive whatever made it wrong. */
const MAX_LIFE_MS = 3_900_000;
/** Cloud Run's front end refuses longer header fields. */
const MAX_LENGTH = 16384;

/**
 * Looks at a token that Google itself just gave over a trusted channel: that it is one, for this audience and account,
 * and still valid. The signature is Cloud Run's to verify.
 *
 * @throws Malfunction, without the token or a value in it
 */
export function checkIdToken(
  text: string,
  wanted: { audience: string; email?: string | undefined },
  clock: Clock,
): IdToken {
  const { aud, exp, email } = decode(text);
  if (aud !== wanted.audience) throw new Malfunction('the ID token is for another audience');
  if (wanted.email !== undefined && String(email).toLowerCase() !== wanted.email.toLowerCase()) {
    throw new Malfunction('the ID token is of another account');
  }
  const minted_at_ms = clock();
  if (typeof exp !== 'number' || !(exp * 1000 > minted_at_ms)) {
    throw new Malfunction('the ID token is expired; does the clock of this machine go right?');
  }
  const expires_at_ms = Math.min(exp * 1000, minted_at_ms + MAX_LIFE_MS);
  return { text, minted_at_ms, expires_at_ms };
}

function decode(text: unknown): JWTPayload {
  const isCompact =
    typeof text === 'string' && text.length <= MAX_LENGTH && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
  try {
    if (isCompact) return decodeJwt(text);
  } catch {
    // jose's reason is no more telling, and is not ours to vouch for.
  }
  throw new Malfunction('the answer is not an ID token');
}
