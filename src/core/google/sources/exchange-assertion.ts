import { createHash } from 'node:crypto';
import { GoogleToken, type gaxios } from 'google-auth-library';
import { type Clock, epochSeconds } from '../../clock.ts';
import { isJsonObject, type JsonObject } from '../../json.ts';
import { Malfunction } from '../../malfunction.ts';
import type { ServiceAccountKey } from '../credentials/parse-service-account-key.ts';
import { googleRequest } from '../google-request.ts';

/** The assertion is used at once; Google allows an hour. */
const ASSERTION_SECONDS = 300;

/**
 * Exchanges an assertion signed with a service account's key for a token (RFC 7523).
 *
 * `GoogleToken` is what the library's own `JWT` client uses; it is called directly because `JWT` can neither be
 * aborted nor told another token endpoint than Google's. The assertion's `aud` stays Google's, as documented.
 *
 * @param wanted the scope of an access token, or the audience of an ID token
 * @returns the token endpoint's answer, a JSON object
 * @see https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests
 */
export async function exchangeAssertion(
  { client_email, private_key, token_uri }: ServiceAccountKey,
  wanted: { scope: string } | { target_audience: string },
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<JsonObject> {
  const issued_at = epochSeconds(clock);
  const { scope, ...claims } = { scope: undefined, ...wanted };
  const answer: unknown = await new GoogleToken({
    iss: client_email,
    key: private_key,
    ...(scope === undefined ? {} : { scope }),
    additionalClaims: { ...claims, iat: issued_at, exp: issued_at + ASSERTION_SECONDS },
    transporter: {
      async request<T>(options: gaxios.GaxiosOptions) {
        const response = await googleRequest<T>({ ...options, url: token_uri }, { signal });
        // `GoogleToken` would trip over null.
        if (!isJsonObject(response.data)) throw new Malfunction('the answer is not a token');
        return response;
      },
    },
  }).getToken();
  if (!isJsonObject(answer)) throw new Malfunction('the answer is not a token');
  return answer;
}

/** Names a key without telling it. */
export function keyCredential(key: ServiceAccountKey): string {
  const text = JSON.stringify([key.token_uri, key.client_email, key.private_key]);
  return `key:${createHash('sha256').update(text).digest('hex')}`;
}
