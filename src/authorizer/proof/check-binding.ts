import { isJsonObject, type JsonValue, ownMember } from '../../core/json.ts';
import type { InvalidBindingReason } from './invalid-binding.ts';

/** What a request must prove before its token counts. */
export type BindingVerdict =
  | { outcome: 'unbound' }
  | { outcome: 'needs_dpop'; jkt: string }
  | { outcome: 'needs_certificate'; thumbprint: string }
  | { outcome: 'needs_dpop_and_certificate'; jkt: string; thumbprint: string }
  | { outcome: 'invalid'; reason: InvalidBindingReason };

export interface Presentation {
  /** How the token came (RFC 6750 §2.1, RFC 9449 §7.1). */
  scheme: 'bearer' | 'dpop';
  /** `bound`: a token without `cnf` will do. `required`: it will not. */
  mode: 'bound' | 'required';
}

const CONFIRMATIONS = ['jkt', 'x5t#S256'];

/** A SHA-256 in canonical base64url. */
const THUMBPRINT = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/**
 * Decides from a verified token's `cnf` claim (RFC 7800 §3.1) what must be proved: possession of the DPoP key `jkt` (RFC
 * 9449 §6.1), of the certificate `x5t#S256` (RFC 8705 §3.1), or both. A certificate needs no scheme of its own.
 *
 * A token with `jkt` is good under the scheme DPoP alone, and no other token is (RFC 9449 §7.1, §7.2). RFC 7800 would have
 * members that are not understood ignored; whoever wrote one relies on a check that nobody would make, so it is refused.
 */
export function checkBinding(
  cnf: JsonValue | undefined,
  { scheme, mode }: Presentation,
): BindingVerdict {
  if (cnf === undefined) {
    if (scheme === 'dpop') return invalid('not_bound_to_dpop_key');
    return mode === 'required' ? invalid('not_bound') : { outcome: 'unbound' };
  }
  if (!isJsonObject(cnf)) return invalid('malformed_confirmation');
  const members = Object.keys(cnf);
  if (members.length === 0) return invalid('malformed_confirmation');
  if (!members.every((name) => CONFIRMATIONS.includes(name))) {
    return invalid('unknown_confirmation');
  }
  const jkt = ownMember(cnf, 'jkt');
  const thumbprint = ownMember(cnf, 'x5t#S256');
  if (jkt !== undefined && !isThumbprint(jkt)) return invalid('malformed_confirmation');
  if (thumbprint !== undefined && !isThumbprint(thumbprint)) {
    return invalid('malformed_confirmation');
  }
  if (jkt === undefined) {
    if (scheme === 'dpop') return invalid('not_bound_to_dpop_key');
    return thumbprint === undefined
      ? invalid('malformed_confirmation')
      : { outcome: 'needs_certificate', thumbprint };
  }
  if (scheme === 'bearer') return invalid('dpop_required');
  return thumbprint === undefined
    ? { outcome: 'needs_dpop', jkt }
    : { outcome: 'needs_dpop_and_certificate', jkt, thumbprint };
}

function isThumbprint(value: JsonValue): value is string {
  return typeof value === 'string' && THUMBPRINT.test(value);
}

function invalid(reason: InvalidBindingReason): BindingVerdict {
  return { outcome: 'invalid', reason };
}
