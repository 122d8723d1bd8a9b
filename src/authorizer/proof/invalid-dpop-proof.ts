/**
 * Everything that can be wrong with a DPoP proof, in the words the client reads as `error_description`. Fixed texts, so
 * that nothing of a proof gets into a response; RFC 6750 §3 allows them printable ASCII without `"` and `\`.
 */
export const INVALID_DPOP_PROOF = {
  no_proof: 'the request has no DPoP proof',
  too_long: 'the DPoP proof is too long',
  several_proofs: 'the request has more than one DPoP proof',
  malformed: 'the DPoP proof is not a well-formed signed JWT',
  wrong_type: 'the DPoP proof is of another type',
  wrong_algorithm: 'the signature algorithm of the DPoP proof is not accepted',
  unsupported_header: 'the header of the DPoP proof is not acceptable',
  no_key: 'the DPoP proof has no public key',
  not_a_public_key: 'the key of the DPoP proof is not a public key',
  wrong_key: 'the key of the DPoP proof does not fit its algorithm',
  unusable_key: 'the key of the DPoP proof is malformed or too weak',
  bad_signature: 'the signature of the DPoP proof is not valid',
  malformed_claim: 'a claim of the DPoP proof is missing or malformed',
  wrong_method: 'the DPoP proof is for another method',
  wrong_target: 'the DPoP proof is for another target',
  wrong_access_token: 'the DPoP proof is for another access token',
  issued_in_future: 'the DPoP proof was issued in the future',
  too_old: 'the DPoP proof was issued too long ago',
  not_yet_valid: 'the DPoP proof is not valid yet',
  expired: 'the DPoP proof has expired',
  other_key: 'the DPoP proof is of another key than the token is bound to',
  replayed: 'the DPoP proof has been used before',
  use_nonce: 'the DPoP proof needs a current nonce',
} as const satisfies Record<string, string>;

export type InvalidDpopProofReason = keyof typeof INVALID_DPOP_PROOF;
