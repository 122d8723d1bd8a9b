import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';

export interface DpopNonces {
  /** The nonce that proofs should have from now on. The same for everyone, for as long as it is current. */
  issue(): string;
  /** Of an `aging` nonce the proof is good, and the response should carry a new one (RFC 9449 §8.2). */
  check(nonce: string | undefined): 'current' | 'aging' | 'invalid';
}

export interface DpopNoncesOptions {
  /** At least 32 random bytes. Processes that share it take each other's nonces. */
  secret: Uint8Array;
  clock: Clock;
  /** How long a nonce is current. As long again it is aging. */
  lifetime_seconds: number;
}

const MIN_SECRET_BYTES = 32;

/**
 * Nonces that nobody has to store (RFC 9449 §8, §9): the HMAC of the current stretch of time. Without the secret, no
 * nonce tells anything of another, so none can be used before its time has come. They bound when a proof was made, not
 * how often it is used.
 *
 * @throws RangeError where the secret is short, or no time is left to use a nonce
 */
export function createDpopNonces({
  secret,
  clock,
  lifetime_seconds,
}: DpopNoncesOptions): DpopNonces {
  if (secret.length < MIN_SECRET_BYTES) throw new RangeError('the secret of nonces is too short');
  if (!(lifetime_seconds > 0)) throw new RangeError('the lifetime of nonces is not positive');
  const key = createSecretKey(secret);

  function nonceOf(stretch: number): string {
    // Named for its purpose and length, so that what else the secret signs can never be a nonce of this kind.
    const message = `dpop-nonce ${lifetime_seconds} ${stretch}`;
    return createHmac('sha256', key).update(message).digest('base64url');
  }

  const currentStretch = () => Math.floor(clock() / 1000 / lifetime_seconds);

  return {
    issue: () => nonceOf(currentStretch()),
    check(nonce) {
      if (nonce === undefined) return 'invalid';
      const stretch = currentStretch();
      if (isEqual(nonce, nonceOf(stretch))) return 'current';
      return isEqual(nonce, nonceOf(stretch - 1)) ? 'aging' : 'invalid';
    },
  };
}

/** Takes the same time wherever the texts differ, so that a nonce cannot be found out character by character. */
function isEqual(given: string, expected: string): boolean {
  if (given.length !== expected.length) return false;
  const bytes = Buffer.from(given);
  return bytes.length === expected.length && timingSafeEqual(bytes, Buffer.from(expected));
}
