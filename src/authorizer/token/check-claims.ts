import { type JsonObject, type JsonValue, ownMember } from '../../core/json.ts';
import type { InvalidTokenReason } from './invalid-token.ts';

export interface ClaimRules {
  audiences: readonly string[];
  leeway_seconds: number;
  max_token_age_seconds?: number | undefined;
}

/**
 * Checks the registered claims of a token whose issuer and signature are verified (RFC 7519 §4.1).
 *
 * @param now_seconds seconds since the Unix epoch, with fraction
 * @returns the first rule that is broken, null where all is well
 */
export function checkClaims(
  claims: JsonObject,
  rules: ClaimRules,
  now_seconds: number,
): InvalidTokenReason | null {
  const audience = ownMember(claims, 'aud') ?? [];
  const audiences = Array.isArray(audience) ? audience : [audience];
  if (!audiences.every((one) => typeof one === 'string')) return 'malformed_claim';
  if (!rules.audiences.some((accepted) => audiences.includes(accepted))) return 'wrong_audience';

  const exp = ownMember(claims, 'exp');
  const nbf = ownMember(claims, 'nbf');
  const iat = ownMember(claims, 'iat');
  if (exp === undefined) return 'no_expiry';
  if (!isNumericDate(exp)) return 'malformed_claim';
  if (nbf !== undefined && !isNumericDate(nbf)) return 'malformed_claim';
  if (iat !== undefined && !isNumericDate(iat)) return 'malformed_claim';

  const { leeway_seconds, max_token_age_seconds } = rules;
  if (exp + leeway_seconds <= now_seconds) return 'expired';
  if (nbf !== undefined && nbf - leeway_seconds > now_seconds) return 'not_yet_valid';
  if (iat !== undefined && iat - leeway_seconds > now_seconds) return 'issued_in_future';
  if (max_token_age_seconds !== undefined) {
    if (iat === undefined) return 'no_issue_time';
    if (iat + max_token_age_seconds + leeway_seconds < now_seconds) return 'too_old';
  }

  const sub = ownMember(claims, 'sub');
  if (sub === undefined || sub === '') return 'no_subject';
  if (typeof sub !== 'string') return 'malformed_claim';
  const jti = ownMember(claims, 'jti');
  if (jti !== undefined && typeof jti !== 'string') return 'malformed_claim';
  // RFC 7800 §3.1: a bound token is worth nothing without its proof of possession.
  if (ownMember(claims, 'cnf') !== undefined) return 'proof_unsupported';
  return null;
}

/** `1e400` is JSON, and reads as infinity: a token that never expires. */
function isNumericDate(value: JsonValue): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
