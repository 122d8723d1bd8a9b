import { type Refuse, refuse } from '../core/stage.ts';
import { INVALID_TOKEN, type InvalidTokenReason } from './token/invalid-token.ts';

/** RFC 6750 §3.1: a request without credentials learns how to authenticate, and no error. */
export function missingToken(realm: string): Refuse {
  return refuse({ code: 'missing_token', challenge: { realm } });
}

export function invalidRequest(realm: string): Refuse {
  const error_description = 'the Authorization header is malformed';
  const challenge = { realm, error: 'invalid_request', error_description } as const;
  return refuse({ code: 'invalid_request', detail: error_description, challenge });
}

export function headersDropped(): Refuse {
  return refuse({ code: 'invalid_request', detail: 'the Connection header names other headers' });
}

export function invalidToken(realm: string, reason: InvalidTokenReason): Refuse {
  const error_description = INVALID_TOKEN[reason];
  const challenge = { realm, error: 'invalid_token', error_description } as const;
  return refuse({ code: 'invalid_token', detail: error_description, challenge });
}

/** @param scopes everything the token needs, not only what it lacks (RFC 6750 §3) */
export function insufficientScope(realm: string, scopes: readonly string[]): Refuse {
  const error_description = 'the token lacks a required scope';
  const scope = scopes.join(' ');
  const challenge = { realm, error: 'insufficient_scope', error_description, scope } as const;
  return refuse({ code: 'insufficient_scope', detail: error_description, challenge });
}

/** No challenge: another token of this client would say the same. */
export function claimMismatch(claim: string): Refuse {
  return refuse({ code: 'claim_mismatch', detail: `the claim ${claim} has no accepted value` });
}

export function keysUnavailable(retry_after_seconds: number): Refuse {
  return refuse({ code: 'keys_unavailable', retry_after_seconds });
}
