import { ConfigError } from '../../../../core/config-error.ts';
import type { AccessTokenSource } from '../../../../core/google/access-token-source.ts';
import {
  createAccessTokenSource,
  type SourceDependencies,
} from '../../../../core/google/create-access-token-source.ts';
import { findCredentials } from '../../../../core/google/credentials/find-credentials.ts';
import type { TokenRoute } from './sender.ts';

/**
 * By which credentials a service may be read, in the order in which to try them: those of who looks, who may see more
 * than the gateway, then those of the routes that lead there, then the accounts that these impersonate.
 */
export function readersOf(
  resource: string,
  routes: readonly TokenRoute[],
  dependencies: SourceDependencies,
): AccessTokenSource[] {
  const users = routes.flatMap(({ resource: of, credentials }) =>
    of === resource && credentials.outcome === 'usable' ? [credentials] : [],
  );
  const all = [
    ...defaultReader(dependencies),
    ...users.map(({ base }) => base),
    ...users.flatMap(({ senders }) => senders.map(({ access_tokens }) => access_tokens)),
  ];
  return [...new Map(all.map((source) => [source.credential, source])).values()];
}

function defaultReader(dependencies: SourceDependencies): AccessTokenSource[] {
  try {
    const { credentials } = findCredentials(undefined, dependencies.environment);
    return [createAccessTokenSource(credentials, dependencies)];
  } catch (error) {
    // The check `credentials` tells where a route uses them.
    if (error instanceof ConfigError) return [];
    throw error;
  }
}
