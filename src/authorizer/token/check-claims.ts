import { type JsonObject, type JsonValue, ownMember } from '../../core/json.ts';
import { readClaim } from '../../core/read-claim.ts';
import type { InvalidTokenReason } from './invalid-token.ts';

export interface ClaimRules extends TimeRules {
  audiences: readonly string[];
  /** The claim that says whom a token is for, by name or by JSON Pointer; `aud` where it is left out. */
  audience_claim?: string | undefined;
}

export interface TimeRules {
  leeway_seconds: number;
  max_token_age_seconds?: number | undefined;
}

/**
 * The registered claims of a token that its issuer vouches for (RFC 7519 §4.1), in three parts: what is the same at every
 * use, and what depends on the time. Each part returns the first rule that is broken, null where all is well.
 */
export function checkAudience(
  claims: JsonObject,
  { audiences, audience_claim = 'aud' }: Pick<ClaimRules, 'audiences' | 'audience_claim'>,
): InvalidTokenReason | null {
  const audience = readClaim(claims, audience_claim) ?? [];
  const named = Array.isArray(audience) ? audience : [audience];
  if (!named.every((one) => typeof one === 'string')) return 'malformed_claim';
  return audiences.some((accepted) => named.includes(accepted)) ? null : 'wrong_audience';
}

/** The claims whose verdict changes with time. */
export function checkTimes(
  claims: JsonObject,
  { leeway_seconds, max_token_age_seconds }: TimeRules,
  now_seconds: number,
): InvalidTokenReason | null {
  const exp = ownMember(claims, 'exp');
  const nbf = ownMember(claims, 'nbf');
  const iat = ownMember(claims, 'iat');
  if (exp === undefined) return 'no_expiry';
  if (!isNumericDate(exp)) return 'malformed_claim';
  if (nbf !== undefined && !isNumericDate(nbf)) return 'malformed_claim';
  if (iat !== undefined && !isNumericDate(iat)) return 'malformed_claim';

  if (exp + leeway_seconds <= now_seconds) return 'expired';
  if (nbf !== undefined && nbf - leeway_seconds > now_seconds) return 'not_yet_valid';
  if (iat !== undefined && iat - leeway_seconds > now_seconds) return 'issued_in_future';
  if (max_token_age_seconds !== undefined) {
    if (iat === undefined) return 'no_issue_time';
    if (iat + max_token_age_seconds + leeway_seconds < now_seconds) return 'too_old';
  }
  return null;
}

export function checkNames(claims: JsonObject): InvalidTokenReason | null {
  const sub = ownMember(claims, 'sub');
  if (sub === undefined || sub === '') return 'no_subject';
  if (typeof sub !== 'string') return 'malformed_claim';
  const jti = ownMember(claims, 'jti');
  return jti === undefined || typeof jti === 'string' ? null : 'malformed_claim';
}

/** `1e400` is JSON, and reads as infinity: a token that never expires. */
function isNumericDate(value: JsonValue): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
