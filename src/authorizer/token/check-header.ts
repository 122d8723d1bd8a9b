import { type JsonObject, ownMember } from '../../core/json.ts';
import type { IssuerConfig } from '../config.ts';
import type { InvalidTokenReason } from './invalid-token.ts';

/**
 * Checks a JOSE header against one issuer's rules. Keys that the header brings along (`jwk`, `jku`, `x5c`, `x5u`) are
 * not read at all: only the issuer's own key set counts (RFC 8725 §3.10).
 *
 * @returns null where all is well
 */
export function checkHeader(header: JsonObject, issuer: IssuerConfig): InvalidTokenReason | null {
  const alg = ownMember(header, 'alg');
  if (!issuer.algorithms.some((algorithm) => algorithm === alg)) return 'wrong_algorithm';
  // RFC 7515 §4.1.11: `crit` lists extensions that must be understood, and none is.
  if (ownMember(header, 'crit') !== undefined) return 'unsupported_header';
  // RFC 7797 §7: a JWT must not have an unencoded payload.
  const b64 = ownMember(header, 'b64');
  if (b64 !== undefined && b64 !== true) return 'unsupported_header';
  const kid = ownMember(header, 'kid');
  if (kid !== undefined && typeof kid !== 'string') return 'unsupported_header';
  return hasAcceptedType(ownMember(header, 'typ'), issuer.required_typ) ? null : 'wrong_type';
}

/**
 * RFC 8725 §3.11, §3.12: a `typ` keeps tokens of one kind (a DPoP proof, a logout token) from passing for another.
 * Plain JWTs and RFC 9068 access tokens are what an access token may say it is.
 */
function hasAcceptedType(typ: unknown, required: string | undefined): boolean {
  if (typ === undefined) return required === undefined;
  if (typeof typ !== 'string') return false;
  const accepted = required === undefined ? ['JWT', 'at+jwt'] : [required];
  return accepted.map(mediaType).includes(mediaType(typ));
}

/** RFC 7515 §4.1.9: media types ignore case, and `application/` may be left out. */
function mediaType(typ: string): string {
  const lower = typ.toLowerCase();
  return lower.includes('/') ? lower : `application/${lower}`;
}
