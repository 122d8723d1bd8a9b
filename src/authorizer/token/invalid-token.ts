/**
 * Everything that can be wrong with a token, in the words the client reads as `error_description`.
 * Fixed texts, so that no token and no claim value gets into a response; RFC 6750 §3 allows them printable ASCII
 * without `"` and `\`.
 */
export const INVALID_TOKEN = {
  too_long: 'the token is too long',
  malformed: 'the token is not a well-formed signed JWT',
  unsupported_header: 'the token header is not acceptable',
  wrong_type: 'the token is of another type',
  wrong_issuer: 'the issuer is not accepted',
  wrong_algorithm: 'the signature algorithm is not accepted',
  unknown_key: 'the signing key is not known',
  ambiguous_key: 'too many keys match the token',
  bad_signature: 'the signature is not valid',
  malformed_claim: 'a claim is malformed',
  wrong_audience: 'the audience is not accepted',
  no_expiry: 'the token has no expiry',
  expired: 'the token has expired',
  not_yet_valid: 'the token is not valid yet',
  issued_in_future: 'the token was issued in the future',
  no_issue_time: 'the token has no issue time',
  too_old: 'the token was issued too long ago',
  no_subject: 'the token has no subject',
  groups_elsewhere: 'the groups of the user are not in the token',
  malformed_actor: 'the actor is malformed',
  inactive: 'the token is not active',
  revoked: 'the token has been revoked',
} as const satisfies Record<string, string>;

export type InvalidTokenReason = keyof typeof INVALID_TOKEN;
