/**
 * Everything that can be wrong between a token's confirmation and the way it is presented, in the words the client reads
 * as `error_description` of `invalid_token`. Fixed texts, as in `INVALID_TOKEN`.
 */
export const INVALID_BINDING = {
  not_bound: 'the token is not bound to a key',
  not_bound_to_dpop_key: 'the token is not bound to the key of a DPoP proof',
  dpop_required: 'the token must be presented with a DPoP proof',
  wrong_certificate: 'the client certificate is not the one that the token is bound to',
  malformed_confirmation: 'the confirmation of the token is malformed',
  unknown_confirmation: 'the token is bound to a proof that cannot be checked',
} as const satisfies Record<string, string>;

export type InvalidBindingReason = keyof typeof INVALID_BINDING;
