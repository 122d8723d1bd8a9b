import { type JsonObject, ownMember } from '../../core/json.ts';
import type { InvalidDpopProofReason } from './invalid-dpop-proof.ts';
import { keyTypeOf } from './key-type-of.ts';

export type ProofHeaderReading =
  | { outcome: 'header'; alg: string }
  | { outcome: 'invalid'; reason: InvalidDpopProofReason };

/**
 * Reads all of a DPoP proof's JOSE header but its key (RFC 9449 §4.2, §4.3 items 4 and 5).
 *
 * @param algorithms the accepted ones; those that are not asymmetric are refused though listed
 */
export function readProofHeader(
  header: JsonObject,
  algorithms: readonly string[],
): ProofHeaderReading {
  // Exactly so: whoever would call it something else may not have meant it for a proof (RFC 8725 §3.11).
  if (ownMember(header, 'typ') !== 'dpop+jwt') return invalid('wrong_type');
  const alg = ownMember(header, 'alg');
  if (typeof alg !== 'string' || !algorithms.includes(alg) || keyTypeOf(alg) === undefined) {
    return invalid('wrong_algorithm');
  }
  // RFC 7515 §4.1.11: no extension is understood. RFC 7797 §7: a JWT has no use for `b64`.
  if (ownMember(header, 'crit') !== undefined || ownMember(header, 'b64') !== undefined) {
    return invalid('unsupported_header');
  }
  return { outcome: 'header', alg };
}

function invalid(reason: InvalidDpopProofReason): ProofHeaderReading {
  return { outcome: 'invalid', reason };
}
