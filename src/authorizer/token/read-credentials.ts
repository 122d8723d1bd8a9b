/** Longer than any access token in use, shorter than what would be worth parsing for an attacker. */
const MAX_TOKEN_LENGTH = 16_384;

/** What a request brings along to say who is asking. */
export type Credentials =
  | { form: 'none' }
  | { form: 'bearer'; token: string }
  | { form: 'too_long' }
  | { form: 'dpop' }
  | { form: 'malformed' };

/** A scheme, or a further one after a comma: field lines of one name may arrive joined (RFC 9110 §5.3). */
const BEARER = /(?:^|,)[ \t]*bearer(?![!#$%&'*+.^_`|~0-9a-z-])/i;
const DPOP = /(?:^|,)[ \t]*dpop(?![!#$%&'*+.^_`|~0-9a-z-])/i;

/** RFC 6750 §2.1: `"Bearer" 1*SP b64token`. */
const BEARER_CREDENTIALS = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/**
 * Reads an `Authorization` header (RFC 6750 §2.1). Credentials of a scheme that carries no access token, such as
 * Basic, are none. A DPoP header (RFC 9449 §7.1) is told apart from none, since it does carry a token.
 */
export function readCredentials(authorization: string | undefined): Credentials {
  if (authorization === undefined) return { form: 'none' };
  if (!BEARER.test(authorization)) return { form: DPOP.test(authorization) ? 'dpop' : 'none' };
  if (authorization.length > MAX_TOKEN_LENGTH + 'Bearer '.length) return { form: 'too_long' };
  const token = BEARER_CREDENTIALS.exec(authorization)?.[1];
  return token === undefined ? { form: 'malformed' } : { form: 'bearer', token };
}
