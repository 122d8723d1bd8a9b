import type { CloudRunConfig } from '../../../../cloud-run/config.ts';
import { createAccounts } from '../../../../cloud-run/create-accounts.ts';
import { ConfigError } from '../../../../core/config-error.ts';
import {
  createAccessTokenSource,
  type SourceDependencies,
} from '../../../../core/google/create-access-token-source.ts';
import { findCredentials } from '../../../../core/google/credentials/find-credentials.ts';
import { iamCredentialsEndpoint } from '../../../../core/google/iam-credentials-endpoint.ts';
import { createImpersonationSource } from '../../../../core/google/sources/impersonation.ts';
import { isUnknown } from '../../../../kong/declarative-config/is-unknown.ts';
import { audienceOfHost } from '../../audience-of-host.ts';
import type { DoctorRoute } from '../../check.ts';
import { goesToRunApp } from '../../local/run-app.ts';
import { accountOf } from './account-of.ts';
import type { RouteCredentials, Sender, TokenRoute } from './sender.ts';
import { type NamedServices, serviceOfRoute } from './service-of-route.ts';

/** The routes with `cloud-run-token`, each with the accounts by which it reaches its service. */
export function readTokenRoutes(
  routes: readonly DoctorRoute[],
  named: NamedServices,
  dependencies: SourceDependencies,
): TokenRoute[] {
  return routes.flatMap((route): TokenRoute[] => {
    const config = route.cloud_run_token?.config;
    if (config === undefined || route.service === undefined) return [];
    const { host } = route.service;
    return [
      {
        name: route.name,
        host,
        by_url: goesToRunApp(route.service),
        config,
        audience: audienceOf(config, host),
        resource: serviceOfRoute(route, named),
        credentials: readCredentials(config, dependencies),
      },
    ];
  });
}

function audienceOf({ audience }: CloudRunConfig, host: string): string | undefined {
  if (isUnknown(audience ?? host)) return undefined;
  return audience ?? audienceOfHost(host);
}

function readCredentials(
  config: CloudRunConfig,
  dependencies: SourceDependencies,
): RouteCredentials {
  if (isUnknown(config.credentials)) return { outcome: 'elsewhere' };
  try {
    const found = findCredentials(config.credentials, dependencies.environment);
    const accounts = createAccounts(config, dependencies);
    const base = createAccessTokenSource(found.credentials, dependencies);
    const wanted = [undefined, ...config.allowed_service_accounts];
    const senders = wanted.flatMap((run_as): Sender[] => {
      const id_tokens = accounts.sourceFor(run_as);
      if (id_tokens === undefined) return [];
      const account = run_as ?? config.service_account;
      const own = accountOf(found);
      const isOwn = account === undefined || (account === own && config.delegates.length === 0);
      return [
        {
          impersonated: isOwn ? undefined : account,
          email: account ?? own,
          by_policy: run_as !== undefined,
          id_tokens,
          access_tokens: isOwn ? base : impersonating(account),
        },
      ];
    });
    return { outcome: 'usable', found, base, senders };

    function impersonating(service_account: string) {
      const own =
        'impersonation' in found.credentials ? found.credentials.impersonation : undefined;
      const endpoint = iamCredentialsEndpoint(dependencies.environment, own);
      const target = { endpoint, service_account, delegates: config.delegates };
      return createImpersonationSource(target, base, dependencies);
    }
  } catch (error) {
    if (error instanceof ConfigError) return { outcome: 'unusable', problems: error.problems };
    throw error;
  }
}
