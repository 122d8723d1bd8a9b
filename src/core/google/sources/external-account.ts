import { createHash } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { AccessTokenSource } from '../access-token-source.ts';
import type { ExternalAccount } from '../credentials/parse-external-account.ts';
import type { Environment } from '../environment.ts';
import { readAccessToken } from '../read-access-token.ts';
import { stsUrl } from '../sts-url.ts';
import { exchangeSubjectToken } from './exchange-subject-token.ts';
import { createSubjectTokenSource } from './subject-token/create-subject-token-source.ts';

/** What the exchange may take after an executable took all of its own time. */
const EXCHANGE_LIMIT_MS = 10_000;

/**
 * Federated access tokens of a workload outside Google Cloud. The library's own clients of these are not used: they
 * cannot be aborted, send the exchange by a transport of their own, look at `process.env`, follow redirects, and an
 * executable of theirs that is not there ends the process.
 *
 * @throws ConfigError where the environment lacks what the account needs, or `token_url` is not one of Google's
 * @see https://google.aip.dev/auth/4117
 */
export function createExternalAccountSource(
  account: ExternalAccount,
  dependencies: { clock: Clock; environment: Environment },
): AccessTokenSource {
  const token_url = stsUrl(account.token_url, dependencies.environment);
  const { limit_ms, fetchSubjectToken } = createSubjectTokenSource(account, dependencies);
  return {
    credential: externalCredential(account),
    ...(limit_ms === undefined ? {} : { fetch_limit_ms: limit_ms + EXCHANGE_LIMIT_MS }),
    async fetchAccessToken(scope, signal) {
      const subject_token = await fetchSubjectToken(signal);
      const answer = await exchangeSubjectToken({ ...account, token_url }, subject_token, {
        scope,
        signal,
      });
      return readAccessToken(answer, dependencies.clock);
    },
  };
}

/** Names the account without telling it: a header for its URL may be a secret. */
function externalCredential(account: ExternalAccount): string {
  return `external:${createHash('sha256').update(JSON.stringify(account)).digest('hex')}`;
}
