/** Every way the suite refuses a request. The status is part of the public contract. */
export const REFUSALS = {
  missing_token: { status: 401, title: 'An access token is required' },
  invalid_token: { status: 401, title: 'The access token is not valid' },
  invalid_dpop_proof: { status: 401, title: 'The DPoP proof is not valid' },
  use_dpop_nonce: { status: 401, title: 'The DPoP proof needs a nonce of this gateway' },
  insufficient_user_authentication: {
    status: 401,
    title: 'The user must authenticate anew, or more strongly',
  },
  invalid_request: { status: 400, title: 'The request is malformed' },
  insufficient_scope: { status: 403, title: 'The access token lacks a required scope' },
  claim_mismatch: { status: 403, title: 'The access token lacks a required claim' },
  body_too_large: { status: 413, title: 'The body is too large to be judged' },
  policy_denied: { status: 403, title: 'The policy does not allow this request' },
  keys_unavailable: { status: 503, title: "The identity provider's keys cannot be read" },
  introspection_unavailable: { status: 503, title: 'The identity provider cannot be asked' },
  shared_state_unavailable: { status: 503, title: "The gateways' shared state cannot be reached" },
  context_unavailable: {
    status: 503,
    title: 'What the policy has to know of the surroundings cannot be read',
  },
  id_token_unavailable: { status: 503, title: 'No ID token for the upstream can be had' },
  verdict_missing: { status: 500, title: 'An earlier authorization step left no verdict' },
  policy_error: { status: 500, title: 'The policy could not be evaluated' },
  invalid_config: { status: 500, title: 'The gateway is misconfigured for this route' },
  internal_error: { status: 500, title: 'The request could not be authorized' },
} as const satisfies Record<string, { status: number; title: string }>;

export type RefusalCode = keyof typeof REFUSALS;

/** Named in challenges unless oidc-authorizer is told another; the other plugins have no field for it. */
export const DEFAULT_REALM = 'api';

/** A `WWW-Authenticate` challenge (RFC 6750 §3, RFC 9449 §7.1). */
export interface Challenge {
  /** `Bearer` where it is left out. */
  scheme?: 'Bearer' | 'DPoP';
  realm: string;
  /** Left out on a request without credentials, as RFC 6750 §3.1 asks. */
  error?:
    | 'invalid_request'
    | 'invalid_token'
    | 'insufficient_scope'
    | 'insufficient_user_authentication'
    | 'invalid_dpop_proof'
    | 'use_dpop_nonce';
  error_description?: string;
  /** Scopes that would do, space-separated. */
  scope?: string;
  /** Authentication context classes that would do, space-separated (RFC 9470 §3). */
  acr_values?: string;
  /** Seconds that the authentication may be old, as digits (RFC 9470 §3). */
  max_age?: string;
  /** Signature algorithms for DPoP proofs, space-separated (RFC 9449 §7.1). */
  algs?: string;
  /** Where the metadata of the protected resource are (RFC 9728 §5.1). */
  resource_metadata?: string;
}

/** A refusal is a value. Everything in it may be shown to the client, so it never holds a token or a claim's value. */
export interface Refusal {
  code: RefusalCode;
  /** One sentence on this occurrence (RFC 9457 `detail`). */
  detail?: string;
  /** The policy's rule that decided, where the route tells (RFC 9457 §3.2, an extension member). */
  rule?: string;
  challenge?: Challenge;
  retry_after_seconds?: number;
  /** Further headers of the response. */
  headers?: Readonly<Record<string, string>>;
}
