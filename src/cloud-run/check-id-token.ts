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

/** Cloud Run's front end refuses longer header fields. */
const MAX_LENGTH = 16384;

/**
 * Looks at a token that Google itself just gave over a trusted channel: that it is one, for this audience and still
 * valid. The signature is Cloud Run's to verify.
 *
 * @throws Malfunction, without the token or a value in it
 */
export function checkIdToken(text: string, audience: string, clock: Clock): IdToken {
  const { aud, exp } = decode(text);
  if (aud !== audience) throw new Malfunction('the ID token is for another audience');
  const minted_at_ms = clock();
  if (typeof exp !== 'number' || !(exp * 1000 > minted_at_ms)) {
    throw new Malfunction('the ID token is expired; does the clock of this machine go right?');
  }
  return { text, minted_at_ms, expires_at_ms: exp * 1000 };
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
