import { ConfigError } from '../core/config-error.ts';
import type { SourceDependencies } from '../core/google/create-access-token-source.ts';
import { findCredentials } from '../core/google/credentials/find-credentials.ts';
import type { CloudRunConfig } from './config.ts';
import { createIdTokenSource } from './create-id-token-source.ts';
import type { IdTokenSource } from './id-token-source.ts';

/** The Google accounts by which a route reaches its service. */
export interface Accounts {
  /**
   * @param run_as the service account that the deciding rule names; the route's own where it names none
   * @returns undefined for one that the route does not allow
   */
  sourceFor(run_as: string | undefined): IdTokenSource | undefined;
}

/** @throws ConfigError where the credentials cannot be used */
export function createAccounts(
  {
    credentials,
    service_account,
    delegates,
    allowed_service_accounts,
  }: Pick<
    CloudRunConfig,
    'credentials' | 'service_account' | 'delegates' | 'allowed_service_accounts'
  >,
  dependencies: SourceDependencies,
): Accounts {
  if (
    delegates.length > 0 &&
    service_account === undefined &&
    allowed_service_accounts.length === 0
  ) {
    throw new ConfigError([
      'config.delegates: need config.service_account, or config.allowed_service_accounts, which they lead to',
    ]);
  }
  const found = findCredentials(credentials, dependencies.environment);
  const own = createIdTokenSource(
    found,
    service_account === undefined ? undefined : { service_account, delegates },
    dependencies,
  );
  const allowed = new Set(allowed_service_accounts);
  /** Made when they are needed: Kong starts an instance for each of its workers, and most rules name no account. */
  const sources = new Map<string, IdTokenSource>();

  function sourceOf(account: string): IdTokenSource {
    const impersonated = { service_account: account, delegates };
    const source = sources.get(account) ?? createIdTokenSource(found, impersonated, dependencies);
    sources.set(account, source);
    return source;
  }

  return {
    sourceFor(run_as) {
      if (run_as === undefined || run_as === service_account) return own;
      return allowed.has(run_as) ? sourceOf(run_as) : undefined;
    },
  };
}
