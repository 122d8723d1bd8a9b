import { type Clock, epochSeconds } from '../../core/clock.ts';
import { ownMember } from '../../core/json.ts';
import { Malfunction } from '../../core/malfunction.ts';
import { LIMITS } from '../limits.ts';
import { decodeText } from './fetch-bundle.ts';
import type { VerificationKey } from './parse-verification-key.ts';
import { verifyJws } from './verify-jws.ts';

/** The text of a policy, and when it was published where a signature says so: seconds since the Unix epoch. */
export interface Bundle {
  readonly text: string;
  readonly iat: number | null;
}

/** A clock that runs ahead by more would lock out everything that is signed later by a right one. */
const MAX_SKEW_SECONDS = 300;

/**
 * Opens what was published at a policy's URL.
 *
 * @param keys null where it is the policy's text as it stands
 * @throws Malfunction where it is not signed as it must be
 */
export async function openBundle(
  body: string,
  keys: readonly VerificationKey[] | null,
  clock: Clock,
): Promise<Bundle> {
  if (keys === null) return { text: body, iat: null };
  const verdict = await verifyJws(body.trim(), 'policy+jws', keys);
  if (verdict.outcome === 'refused') throw new Malfunction(`it is refused: ${verdict.reason}`);
  const iat = ownMember(verdict.header, 'iat');
  if (typeof iat !== 'number' || !Number.isSafeInteger(iat) || iat < 0) {
    throw new Malfunction('it is refused: its header has no iat in whole seconds');
  }
  if (iat > epochSeconds(clock) + MAX_SKEW_SECONDS) {
    throw new Malfunction('it is refused: its iat is in the future');
  }
  return { text: decodeText(verdict.payload), iat };
}

/** Of an answer: in base64url a policy is a third longer, and a header and a signature come on top. */
export function maxBundleBytes(isSigned: boolean): number {
  return isSigned ? Math.ceil((LIMITS.file_bytes * 4) / 3) + 8192 : LIMITS.file_bytes;
}
