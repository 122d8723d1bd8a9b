import { createHash } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { isJsonObject, type JsonObject } from '../../json.ts';
import { Malfunction } from '../../malfunction.ts';
import type { AccessTokenSource } from '../access-token-source.ts';
import type { AuthorizedUser } from '../credentials/parse-authorized-user.ts';
import { googleRequest } from '../google-request.ts';
import { readAccessToken } from '../read-access-token.ts';

/**
 * Access tokens of a developer's own account. Their scopes are those that were consented to, whichever are asked for.
 *
 * @see https://developers.google.com/identity/protocols/oauth2/web-server#offline
 */
export function createAuthorizedUserSource(user: AuthorizedUser, clock: Clock): AccessTokenSource {
  return {
    credential: userCredential(user),
    async fetchAccessToken(_scope, signal) {
      return readAccessToken(await refreshUser(user, signal), clock);
    },
  };
}

/**
 * Exchanges the refresh token for an access token and, where `openid` was consented to, an ID token (RFC 6749 §6).
 *
 * @throws Malfunction, or what the transport throws
 */
export async function refreshUser(
  { client_id, client_secret, refresh_token, token_uri }: AuthorizedUser,
  signal: AbortSignal,
): Promise<JsonObject> {
  const { data } = await googleRequest<unknown>(
    {
      url: token_uri,
      method: 'POST',
      data: new URLSearchParams({
        grant_type: 'refresh_token',
        client_id,
        client_secret,
        refresh_token,
      }),
      responseType: 'json',
      // Google's refresh tokens are not used up.
      retryConfig: { httpMethodsToRetry: ['POST'] },
    },
    { signal },
  );
  if (!isJsonObject(data)) throw new Malfunction('the answer is not a token');
  return data;
}

/** Names the credential without telling it. */
export function userCredential(user: AuthorizedUser): string {
  const text = JSON.stringify([user.token_uri, user.client_id, user.refresh_token]);
  return `user:${createHash('sha256').update(text).digest('hex')}`;
}
