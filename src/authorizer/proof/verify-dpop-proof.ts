import { hash } from 'node:crypto';
import { ownMember } from '../../core/json.ts';
import { parseJwt } from '../token/parse-jwt.ts';
import type { InvalidDpopProofReason } from './invalid-dpop-proof.ts';
import { type ExpectedProofClaims, readProofClaims } from './read-proof-claims.ts';
import { readProofHeader } from './read-proof-header.ts';
import { type ProofKey, readProofKey } from './read-proof-key.ts';
import { verifyProofSignature } from './verify-proof-signature.ts';

export interface ExpectedProof extends ExpectedProofClaims {
  /** Accepted values of `alg`. */
  algorithms: readonly string[];
  /** The thumbprint of the only key that will do. Left out, any will. */
  jkt?: string;
  /** Whether the proof's `nonce` will do. Left out, any will, and none. */
  checkNonce?: (nonce: string | undefined) => boolean;
}

export type DpopVerdict =
  | {
      outcome: 'proved';
      /** Thumbprint of the key (RFC 7638), to be compared with the token's `cnf.jkt`. */
      jkt: string;
      /** The same for no other proof that is honestly made. To be claimed once, until the proof is too old. */
      replay_key: string;
      iat: number;
    }
  | { outcome: 'invalid'; reason: InvalidDpopProofReason };

/** Room for the largest key that is taken and its signature, with ease. */
const MAX_PROOF_LENGTH = 8_192;

/**
 * Verifies a DPoP proof for a request to a protected resource (RFC 9449 §4.3, §7.1). What remains for the caller: that
 * the access token is bound to this very key (item 12b), and that the proof has not been used before (§11.1).
 *
 * @param proof the value of the request's `DPoP` header; several, joined by commas, are refused (item 1)
 * @returns a verdict for whatever text comes in; it throws only on a malfunction. That a nonce is wanted is told to
 *   none but those who have proved possession of some key.
 */
export async function verifyDpopProof(
  proof: string,
  expected: ExpectedProof,
): Promise<DpopVerdict> {
  if (proof.length > MAX_PROOF_LENGTH) return invalid('too_long');
  if (proof.includes(',')) return invalid('several_proofs');
  const jwt = parseJwt(proof);
  if (jwt === null) return invalid('malformed');
  const header = readProofHeader(jwt.header, expected.algorithms);
  if (header.outcome === 'invalid') return header;
  const key = readProofKey(ownMember(jwt.header, 'jwk'), header.alg);
  if (key.outcome === 'invalid') return key;
  // Before the signature: keys that anybody may choose can be costly ones.
  if (expected.jkt !== undefined && expected.jkt !== thumbprint(key.key))
    return invalid('other_key');
  const reading = readProofClaims(jwt.claims, expected);
  if (reading.outcome === 'invalid') return reading;

  const signature = await verifyProofSignature(proof, key.key, header.alg);
  if (signature.outcome === 'invalid') return signature;
  const { nonce, jti, iat } = reading.claims;
  if (expected.checkNonce?.(nonce) === false) return invalid('use_nonce');
  const { jkt } = signature;
  return { outcome: 'proved', jkt, replay_key: hash('sha256', `${jkt} ${jti}`, 'base64url'), iat };
}

/** RFC 7638 §3: the key's members are in its order. */
function thumbprint(key: ProofKey): string {
  return hash('sha256', JSON.stringify(key), 'base64url');
}

function invalid(reason: InvalidDpopProofReason): DpopVerdict {
  return { outcome: 'invalid', reason };
}
