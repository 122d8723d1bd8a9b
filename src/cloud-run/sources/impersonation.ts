import { type AccessTokenSource, CLOUD_PLATFORM } from '../../core/google/access-token-source.ts';
import type { AccessTokens } from '../../core/google/access-tokens.ts';
import { generateIdToken, type Target } from '../../core/google/iam-credentials.ts';
import { impersonationCredential } from '../../core/google/sources/impersonation.ts';
import type { IdTokenSource } from '../id-token-source.ts';

/**
 * ID tokens of a service account that another credential may impersonate.
 *
 * @param source of the credential that impersonates; its tokens are kept in `tokens`
 * @see https://cloud.google.com/iam/docs/service-account-impersonation
 */
export function createImpersonationSource(
  target: Target,
  source: AccessTokenSource,
  tokens: AccessTokens,
): IdTokenSource {
  const caller = { tokens, source, scope: CLOUD_PLATFORM };
  return {
    account: target.service_account,
    email: target.service_account,
    credential: impersonationCredential(target, source),
    fetchIdToken: (audience, signal) => generateIdToken(caller, target, audience, signal),
  };
}
