/** Longer than any access token in use, shorter than what would be worth parsing for an attacker. */
const MAX_TOKEN_LENGTH = 16_384;

/** The authentication schemes that carry an access token (RFC 6750 §2.1, RFC 9449 §7.1). */
export type TokenScheme = 'bearer' | 'dpop';

/** What a request brings along to say who is asking. */
export type Credentials =
  | { form: 'none' }
  | { form: 'token'; scheme: TokenScheme; token: string }
  | { form: 'too_long'; scheme: TokenScheme }
  | { form: 'malformed'; scheme: TokenScheme };

/** A scheme, or a further one after a comma: field lines of one name may arrive joined (RFC 9110 §5.3). */
const TOKEN_SCHEME = /(?:^|,)[ \t]*(bearer|dpop)(?![!#$%&'*+.^_`|~0-9a-z-])/i;

/** RFC 6750 §2.1 and RFC 9449 §7.1: the scheme, `1*SP`, and one token. */
const TOKEN_CREDENTIALS = /^(?:bearer|dpop) +([A-Za-z0-9\-._~+/]+=*)$/i;

/**
 * Reads an `Authorization` header. Credentials of a scheme that carries no access token, such as Basic, are none.
 */
export function readCredentials(authorization: string | undefined): Credentials {
  const named = authorization && TOKEN_SCHEME.exec(authorization)?.[1];
  if (!authorization || !named) return { form: 'none' };
  const scheme = named.toLowerCase() === 'dpop' ? 'dpop' : 'bearer';
  if (authorization.length > MAX_TOKEN_LENGTH + 'Bearer '.length) {
    return { form: 'too_long', scheme };
  }
  const token = TOKEN_CREDENTIALS.exec(authorization)?.[1];
  return token === undefined ? { form: 'malformed', scheme } : { form: 'token', scheme, token };
}
