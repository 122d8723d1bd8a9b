import { hash } from 'node:crypto';
import { type JsonObject, type JsonValue, ownMember } from '../../core/json.ts';
import type { InvalidDpopProofReason } from './invalid-dpop-proof.ts';
import { isSameTarget } from './is-same-target.ts';

export interface ExpectedProofClaims {
  method: string;
  /** Of the request; its query does not matter. */
  url: string;
  accessToken: string;
  /** Seconds since the Unix epoch, with fraction. */
  now_seconds: number;
  /** How long ago a proof may have been issued, before leeway. */
  max_age_seconds: number;
  leeway_seconds: number;
}

export interface ProofClaims {
  jti: string;
  iat: number;
  nonce: string | undefined;
}

export type ProofClaimsReading =
  | { outcome: 'claims'; claims: ProofClaims }
  | { outcome: 'invalid'; reason: InvalidDpopProofReason };

const MAX_JTI_LENGTH = 256;

/** Reads the claims of a DPoP proof and compares them with the request (RFC 9449 §4.3 items 3, 8, 9, 11, 12a). */
export function readProofClaims(
  claims: JsonObject,
  expected: ExpectedProofClaims,
): ProofClaimsReading {
  const jti = ownMember(claims, 'jti');
  const htm = ownMember(claims, 'htm');
  const htu = ownMember(claims, 'htu');
  const iat = ownMember(claims, 'iat');
  const ath = ownMember(claims, 'ath');
  const nonce = ownMember(claims, 'nonce');
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI_LENGTH) return malformed();
  if (typeof htm !== 'string' || typeof htu !== 'string') return malformed();
  if (!isNumericDate(iat) || typeof ath !== 'string') return malformed();
  if (nonce !== undefined && typeof nonce !== 'string') return malformed();
  if (htm !== expected.method) return invalid('wrong_method');
  if (!isSameTarget(htu, expected.url)) return invalid('wrong_target');
  const timeProblem = checkTimes(claims, iat, expected);
  if (timeProblem !== null) return invalid(timeProblem);
  if (ath !== hash('sha256', expected.accessToken, 'base64url')) {
    return invalid('wrong_access_token');
  }
  return { outcome: 'claims', claims: { jti, iat, nonce } };
}

/** RFC 9449 asks for `iat` alone, but a JWT that says when it ends has ended then (RFC 7519 §4.1.4, §4.1.5). */
function checkTimes(
  claims: JsonObject,
  iat: number,
  { now_seconds, max_age_seconds, leeway_seconds }: ExpectedProofClaims,
): InvalidDpopProofReason | null {
  const exp = ownMember(claims, 'exp');
  const nbf = ownMember(claims, 'nbf');
  if (exp !== undefined && !isNumericDate(exp)) return 'malformed_claim';
  if (nbf !== undefined && !isNumericDate(nbf)) return 'malformed_claim';
  if (iat - leeway_seconds > now_seconds) return 'issued_in_future';
  if (iat + max_age_seconds + leeway_seconds < now_seconds) return 'too_old';
  if (nbf !== undefined && nbf - leeway_seconds > now_seconds) return 'not_yet_valid';
  if (exp !== undefined && exp + leeway_seconds <= now_seconds) return 'expired';
  return null;
}

/** `1e400` is JSON, and reads as infinity. */
function isNumericDate(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function malformed(): ProofClaimsReading {
  return invalid('malformed_claim');
}

function invalid(reason: InvalidDpopProofReason): ProofClaimsReading {
  return { outcome: 'invalid', reason };
}
