import { createHash } from 'node:crypto';
import { GoogleToken, type gaxios } from 'google-auth-library';
import { type Clock, epochSeconds } from '../../core/clock.ts';
import type { ServiceAccountKey } from '../../core/google/parse-service-account-key.ts';
import { isJsonObject } from '../../core/json.ts';
import { Malfunction } from '../../core/malfunction.ts';
import type { IdTokenSource } from '../id-token-source.ts';
import { googleRequest } from './google-request.ts';

/** The assertion is used at once; Google allows an hour. */
const ASSERTION_SECONDS = 300;

/**
 * ID tokens of a service account, for an assertion signed with its key (RFC 7523 with Google's `target_audience`).
 *
 * `GoogleToken` is what the library's own `JWT` client uses; it is called directly because `JWT` can neither be
 * aborted nor told another token endpoint than Google's. The assertion's `aud` stays Google's, as documented.
 *
 * @see https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests
 */
export function createServiceAccountKeySource(key: ServiceAccountKey, clock: Clock): IdTokenSource {
  const { client_email, private_key, token_uri } = key;
  return {
    account: client_email,
    credential: `key:${sha256(JSON.stringify([token_uri, client_email, private_key]))}`,
    async fetchIdToken(audience, signal) {
      const issued_at = epochSeconds(clock);
      const answer = await new GoogleToken({
        iss: client_email,
        key: private_key,
        additionalClaims: {
          target_audience: audience,
          iat: issued_at,
          exp: issued_at + ASSERTION_SECONDS,
        },
        transporter: {
          async request<T>(options: gaxios.GaxiosOptions) {
            const response = await googleRequest<T>({ ...options, url: token_uri }, signal);
            // `GoogleToken` would trip over null.
            if (!isJsonObject(response.data)) throw withoutIdToken();
            return response;
          },
        },
      }).getToken();
      if (typeof answer.id_token !== 'string') {
        throw withoutIdToken();
      }
      return answer.id_token;
    },
  };
}

function withoutIdToken(): Malfunction {
  return new Malfunction('the token endpoint answered without an ID token');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
