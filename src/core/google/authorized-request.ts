import type { gaxios } from 'google-auth-library';
import type { AccessTokenSource } from './access-token-source.ts';
import type { AccessTokens } from './access-tokens.ts';
import { googleRequest } from './google-request.ts';

/** Who asks one of Google's REST APIs. */
export interface Caller {
  tokens: AccessTokens;
  source: AccessTokenSource;
  scope: string;
}

/**
 * Asks one of Google's REST APIs with an access token, and once more with a new one where it is not taken: it was
 * revoked, or this machine's clock is wrong about its life.
 *
 * @returns the answer with whatever status, unless the options say which are errors, to be tried again
 * @throws Malfunction where no access token can be had; what the transport throws where there is no answer
 */
export async function authorizedRequest<T>(
  { tokens, source, scope }: Caller,
  options: gaxios.GaxiosOptions,
  bounds: Parameters<typeof googleRequest>[1],
): Promise<gaxios.GaxiosResponse<T>> {
  async function send(token: string): Promise<gaxios.GaxiosResponse<T>> {
    return await googleRequest<T>(
      {
        validateStatus: () => true,
        ...options,
        headers: { accept: 'application/json', authorization: `Bearer ${token}` },
      },
      bounds,
    );
  }

  const token = await tokens.get(source, scope);
  const response = await send(token);
  if (response.status !== 401 || !tokens.reject(source, scope, token)) return response;
  return await send(await tokens.get(source, scope));
}
