import type { Clock } from '../../core/clock.ts';
import type { ServiceAccountKey } from '../../core/google/credentials/parse-service-account-key.ts';
import { exchangeAssertion, keyCredential } from '../../core/google/sources/exchange-assertion.ts';
import { ownMember } from '../../core/json.ts';
import { Malfunction } from '../../core/malfunction.ts';
import type { IdTokenSource } from '../id-token-source.ts';

/** ID tokens of a service account, by its key: Google's `target_audience` in the assertion asks for one. */
export function createServiceAccountKeySource(key: ServiceAccountKey, clock: Clock): IdTokenSource {
  return {
    account: key.client_email,
    email: key.client_email,
    credential: keyCredential(key),
    async fetchIdToken(audience, signal) {
      const wanted = { target_audience: audience };
      const token = ownMember(await exchangeAssertion(key, wanted, { clock, signal }), 'id_token');
      if (typeof token === 'string') return token;
      throw new Malfunction('the token endpoint answered without an ID token');
    },
  };
}
