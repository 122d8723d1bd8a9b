import type { AccessGrant } from './access-tokens.ts';
import type { Call, Reply } from './call.ts';
import { apiError, errorInfo } from './errors.ts';
import type { World } from './world.ts';

/** One method of a Google API, and what a token for it needs. */
export interface ApiMethod {
  /** such as `iamcredentials.googleapis.com` */
  service: string;
  /** as gRPC names it */
  method: string;
  /** one of them is enough */
  scopes: readonly string[];
}

/** cloud.google.com/docs/authentication: 401 without a usable credential, 403 without the scope. */
export function authenticate(
  world: World,
  call: Call,
  { service, method, scopes }: ApiMethod,
): AccessGrant | Reply {
  const { authorization } = call.headers;
  const expected =
    'Expected OAuth 2 access token, login cookie or other valid authentication credential. ' +
    'See https://developers.google.com/identity/sign-in/web/devconsole-project.';
  const realm = 'Bearer realm="https://accounts.google.com/"';
  const metadata = { method, service };
  if (authorization === undefined) {
    return apiError(
      401,
      'UNAUTHENTICATED',
      `Request is missing required authentication credential. ${expected}`,
      [errorInfo('CREDENTIALS_MISSING', 'googleapis.com', metadata)],
      { 'www-authenticate': realm },
    );
  }
  const token = /^Bearer (\S+)$/i.exec(authorization)?.[1];
  const grant = token === undefined ? undefined : world.accessTokens.resolve(token);
  if (grant === undefined) {
    return apiError(
      401,
      'UNAUTHENTICATED',
      `Request had invalid authentication credentials. ${expected}`,
      undefined,
      { 'www-authenticate': `${realm}, error="invalid_token"` },
    );
  }
  if (!grant.scopes.some((scope) => scopes.includes(scope))) {
    return apiError(403, 'PERMISSION_DENIED', 'Request had insufficient authentication scopes.', [
      errorInfo('ACCESS_TOKEN_SCOPE_INSUFFICIENT', 'googleapis.com', metadata),
    ]);
  }
  return grant;
}
