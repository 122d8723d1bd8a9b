import type { TokenEndpointGrantContext } from 'oidc-provider';
import { issueUserToken } from './issue-user-token.ts';
import { errors } from './oidc-provider.ts';
import { ACCESS_TOKEN_SECONDS } from './resources.ts';
import { findUser, USERS } from './users.ts';

const MAX_SECONDS = 86_400;

/** The form parameters of the login grant. All but `username` may be left out. */
export interface LoginParameters {
  username?: string;
  scope?: string;
  resource?: string;
  /** Instead of the user's own. */
  acr?: string;
  /** Instead of the user's own; space-separated. */
  amr?: string;
  /** How long ago the user authenticated, in seconds; 0 by default. */
  auth_age?: string;
  /** The lifetime of the token, in seconds; 300 by default. */
  expires_in?: string;
  /** The key that signs a JWT access token; RS256 by default. Read where the resource is resolved. */
  signing_alg?: string;
}

export const LOGIN_PARAMETERS: readonly (keyof LoginParameters)[] = [
  'username',
  'scope',
  'resource',
  'acr',
  'amr',
  'auth_age',
  'expires_in',
  'signing_alg',
];

/**
 * The development-only grant `urn:example:dev:login`: an authenticated client names a user and gets
 * an access token, as if that user had just signed in. It replaces the browser in scripts and tests.
 *
 * @throws errors.OIDCProviderError with the codes of RFC 6749, section 5.2
 */
export async function loginGrant(ctx: TokenEndpointGrantContext<LoginParameters>): Promise<void> {
  const { username = '', scope = '', acr, amr, auth_age, expires_in } = ctx.oidc.params;
  const user = findUser(username);
  if (user === undefined) {
    const known = USERS.map(({ sub }) => sub).join(', ');
    throw new errors.CustomOIDCProviderError('invalid_grant', `unknown user; there are: ${known}`);
  }

  const now = Math.floor(Date.now() / 1000);
  await issueUserToken(ctx, {
    accountId: user.sub,
    scope,
    expiresInSeconds: seconds('expires_in', expires_in, 1, ACCESS_TOKEN_SECONDS),
    authentication: {
      acr: acr ?? user.acr,
      amr: amr?.split(' ') ?? user.amr,
      auth_time: now - seconds('auth_age', auth_age, 0, 0),
    },
  });
}

function seconds(
  name: string,
  value: string | undefined,
  minimum: number,
  otherwise: number,
): number {
  const number = value === undefined ? otherwise : Number(value);
  if (!Number.isInteger(number) || number < minimum || number > MAX_SECONDS) {
    throw new errors.InvalidRequest(`${name} must be from ${minimum} to ${MAX_SECONDS} seconds`);
  }
  return number;
}
