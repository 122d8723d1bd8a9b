import type { AccessToken, ClientCredentials, KoaContextWithOIDC } from 'oidc-provider';
import { findUser, userClaims } from './users.ts';

/** RFC 8693, section 4.1: who acts for the subject, the current actor outermost. */
export interface ActClaim {
  sub: string;
  act?: ActClaim | undefined;
}

/** How the user came to this token. */
export interface Authentication {
  acr: string;
  amr: string[];
  /** Seconds since 1970. */
  auth_time: number;
  act?: ActClaim;
}

const authentications = new WeakMap<object, Authentication>();

/** Says what a token that one of our own grants issues shall tell about the authentication. */
export function setAuthentication(token: AccessToken, authentication: Authentication): void {
  authentications.set(token, authentication);
}

/**
 * The claims that an access token carries besides those of RFC 9068. A JWT has them inside, an
 * opaque token gets them from introspection. A token that a machine got for itself has none.
 */
export function accessTokenClaims(
  ctx: KoaContextWithOIDC,
  token: AccessToken | ClientCredentials,
): Record<string, unknown> | undefined {
  const user = token.kind === 'AccessToken' ? findUser(token.accountId) : undefined;
  if (user === undefined) {
    return undefined;
  }
  const { email, email_verified, groups } = userClaims(user);
  const authentication = authentications.get(token) ?? browserAuthentication(ctx);
  return { email, email_verified, groups, ...authentication };
}

/** What the session behind an authorization code or a refresh token says. */
function browserAuthentication({ oidc }: KoaContextWithOIDC): Partial<Authentication> {
  const { acr, amr, authTime } = oidc.refreshToken ?? oidc.authorizationCode ?? {};
  return {
    ...(acr !== undefined && { acr }),
    ...(amr !== undefined && { amr }),
    ...(authTime !== undefined && { auth_time: authTime }),
  };
}
