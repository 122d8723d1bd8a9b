import type { Clock } from '../../clock.ts';
import { type AccessTokenSource, CLOUD_PLATFORM } from '../access-token-source.ts';
import type { AccessTokens } from '../access-tokens.ts';
import { generateAccessToken, type Target } from '../iam-credentials.ts';

/** For what comes after the token of the credential that impersonates. */
const EXCHANGE_MS = 10_000;

/**
 * Access tokens of a service account that another credential may impersonate.
 *
 * @param source of the credential that impersonates; its tokens are kept in `tokens`
 * @see https://cloud.google.com/iam/docs/service-account-impersonation
 */
export function createImpersonationSource(
  target: Target,
  source: AccessTokenSource,
  { tokens, clock }: { tokens: AccessTokens; clock: Clock },
): AccessTokenSource {
  const caller = { tokens, source, scope: CLOUD_PLATFORM };
  return {
    credential: impersonationCredential(target, source),
    ...(source.fetch_limit_ms === undefined
      ? {}
      : { fetch_limit_ms: source.fetch_limit_ms + EXCHANGE_MS }),
    fetchAccessToken: (scope, signal) =>
      generateAccessToken(caller, target, scope, { clock, signal }),
  };
}

export function impersonationCredential(target: Target, source: AccessTokenSource): string {
  const { endpoint, service_account, delegates } = target;
  return JSON.stringify([
    'impersonation',
    endpoint,
    ...delegates,
    service_account,
    source.credential,
  ]);
}
