import type { Clock } from '../../clock.ts';
import type { AccessTokenSource } from '../access-token-source.ts';
import type { ServiceAccountKey } from '../credentials/parse-service-account-key.ts';
import { readAccessToken } from '../read-access-token.ts';
import { exchangeAssertion, keyCredential } from './exchange-assertion.ts';

/** Access tokens of a service account, by its key. */
export function createServiceAccountKeySource(
  key: ServiceAccountKey,
  clock: Clock,
): AccessTokenSource {
  return {
    credential: keyCredential(key),
    async fetchAccessToken(scope, signal) {
      return readAccessToken(await exchangeAssertion(key, { scope }, { clock, signal }), clock);
    },
  };
}
