import { createHash } from 'node:crypto';
import { GoogleToken, type gaxios } from 'google-auth-library';
import { type Clock, epochSeconds } from '../../../core/clock.ts';
import type { ServiceAccountKey } from '../../../core/google/parse-service-account-key.ts';
import { isJsonObject } from '../../../core/json.ts';
import { Malfunction } from '../../../core/malfunction.ts';
import type { AccessTokenSource } from './access-token-source.ts';
import { googleRequest } from './google-request.ts';
import { readAccessToken } from './read-access-token.ts';

/** The assertion is used at once; Google allows an hour. */
const ASSERTION_SECONDS = 300;
const MAX_BYTES = 65_536;

/**
 * Access tokens of a service account, for an assertion signed with its key (RFC 7523).
 *
 * `GoogleToken` is what the library's own `JWT` client uses; it is called directly because `JWT` can neither be
 * aborted nor told another token endpoint than Google's. The assertion's `aud` stays Google's, as documented.
 *
 * @see https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests
 */
export function createServiceAccountKeySource(
  { client_email, private_key, token_uri }: ServiceAccountKey,
  clock: Clock,
): AccessTokenSource {
  return {
    credential: `key:${sha256(JSON.stringify([token_uri, client_email, private_key]))}`,
    async fetchAccessToken(scope, signal) {
      const issued_at = epochSeconds(clock);
      const answer = await new GoogleToken({
        iss: client_email,
        key: private_key,
        scope,
        additionalClaims: { iat: issued_at, exp: issued_at + ASSERTION_SECONDS },
        transporter: {
          async request<T>(options: gaxios.GaxiosOptions) {
            const bounds = { signal, max_bytes: MAX_BYTES, retries: 2 };
            const response = await googleRequest<T>({ ...options, url: token_uri }, bounds);
            // `GoogleToken` would trip over null.
            if (!isJsonObject(response.data)) {
              throw new Malfunction('the answer is not an access token');
            }
            return response;
          },
        },
      }).getToken();
      return readAccessToken(answer, clock);
    },
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
