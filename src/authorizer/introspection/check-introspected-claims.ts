import { isJsonObject, type JsonObject, ownMember } from '../../core/json.ts';
import { type ClaimRules, checkAudience, checkNames, checkTimes } from '../token/check-claims.ts';
import type { InvalidTokenReason } from '../token/invalid-token.ts';

export interface IntrospectedClaimRules extends ClaimRules {
  issuer: string;
}

type ClaimsVerdict =
  | { outcome: 'valid'; claims: JsonObject }
  | { outcome: 'invalid'; reason: InvalidTokenReason };

/** For tokens without `exp`, which RFC 7662 allows: `active` alone says that they are alive. */
const NEVER = { exp: Number.MAX_SAFE_INTEGER };

/**
 * Checks what must hold of an active token besides (RFC 7662 §4): that the issuer means it for us, as an access token
 * to be used now. Whether a proof of possession goes with it (`cnf`) is for others to check.
 *
 * @param now_seconds seconds since the Unix epoch, with fraction
 * @returns the claims with a `sub`: a token without resource owner has its client as the subject (RFC 9068 §2.2)
 */
export function checkIntrospectedClaims(
  claims: JsonObject,
  rules: IntrospectedClaimRules,
  now_seconds: number,
): ClaimsVerdict {
  const iss = ownMember(claims, 'iss');
  if (iss !== undefined && iss !== rules.issuer) return invalid('wrong_issuer');
  const client_id = ownMember(claims, 'client_id');
  if (client_id !== undefined && typeof client_id !== 'string') return invalid('malformed_claim');
  const isClients = !Object.hasOwn(claims, 'sub') && client_id !== undefined;
  const named = isClients ? { ...claims, sub: client_id } : claims;
  const times = Object.hasOwn(claims, 'exp') ? claims : { ...claims, ...NEVER };
  const problem =
    checkAudience(claims, rules) ??
    checkTokenType(claims) ??
    checkTimes(times, rules, now_seconds) ??
    checkNames(named);
  return problem === null ? { outcome: 'valid', claims: named } : invalid(problem);
}

/** What issuers call other kinds of token that they answer about as well. */
const OTHER_TYPES = ['refresh', 'offline', 'id', 'logout', 'refresh_token', 'id_token'];
const ACCESS_USES = ['access', 'access_token'];

/**
 * An issuer may say of a refresh token too that it is active, and whom it is for. Its kind is in `token_type` (RFC 6749
 * §7.1), or in what some issuers call `token_use` or `typ`.
 */
export function checkTokenType(claims: JsonObject): InvalidTokenReason | null {
  const use = ownMember(claims, 'token_use');
  if (use !== undefined && !ACCESS_USES.some((accepted) => accepted === use)) return 'wrong_type';
  const typ = ownMember(claims, 'typ');
  if (typ !== undefined && typeof typ !== 'string') return 'malformed_claim';
  if (typ !== undefined && OTHER_TYPES.includes(typ.toLowerCase())) return 'wrong_type';
  const type = ownMember(claims, 'token_type');
  if (type === undefined) return null;
  if (typeof type !== 'string') return 'malformed_claim';
  switch (type.toLowerCase()) {
    case 'bearer':
      return null;
    case 'dpop': {
      // RFC 9449 §6.2: without its key's thumbprint, it would pass for a token that is bound to nothing.
      const cnf = ownMember(claims, 'cnf');
      const jkt = isJsonObject(cnf) ? ownMember(cnf, 'jkt') : undefined;
      return typeof jkt === 'string' ? null : 'malformed_claim';
    }
    default:
      return 'wrong_type';
  }
}

function invalid(reason: InvalidTokenReason): ClaimsVerdict {
  return { outcome: 'invalid', reason };
}
