import { ConfigError } from '../core/config-error.ts';
import {
  createAccessTokenSource,
  type SourceDependencies,
} from '../core/google/create-access-token-source.ts';
import type { FoundCredentials } from '../core/google/credentials/google-credentials.ts';
import { iamCredentialsEndpoint } from '../core/google/iam-credentials-endpoint.ts';
import { createExternalAccountSource } from '../core/google/sources/external-account.ts';
import type { IdTokenSource } from './id-token-source.ts';
import { createAuthorizedUserSource } from './sources/authorized-user.ts';
import { createImpersonationSource } from './sources/impersonation.ts';
import { createMetadataServerSource } from './sources/metadata-server.ts';
import { createServiceAccountKeySource } from './sources/service-account-key.ts';

/** A service account to impersonate, and through which others. */
export interface Impersonated {
  service_account: string;
  delegates: readonly string[];
}

/**
 * The source of ID tokens that the credentials stand for.
 *
 * @param impersonated the account the tokens are to speak for; that of the credentials themselves where it is left out
 * @throws ConfigError where the credentials cannot be used
 */
export function createIdTokenSource(
  found: FoundCredentials,
  impersonated: Impersonated | undefined,
  dependencies: SourceDependencies,
): IdTokenSource {
  return impersonated === undefined || isSelf(found, impersonated)
    ? ownSource(found, dependencies)
    : impersonationSource(found, impersonated, dependencies);
}

/** An account need not impersonate itself, for which it would lack the permission as likely as not. */
function isSelf(
  { credentials }: FoundCredentials,
  { service_account, delegates }: Impersonated,
): boolean {
  if (delegates.length > 0) return false;
  switch (credentials.type) {
    case 'service_account':
      return credentials.client_email === service_account;
    case 'external_account':
    case 'impersonated_service_account':
      return credentials.impersonation?.service_account === service_account;
    default:
      return false;
  }
}

function ownSource(found: FoundCredentials, dependencies: SourceDependencies): IdTokenSource {
  const { credentials, origin } = found;
  const { clock, environment, tokens } = dependencies;
  switch (credentials.type) {
    case 'metadata_server':
      return createMetadataServerSource(environment);
    case 'service_account':
      return createServiceAccountKeySource(credentials, clock);
    case 'authorized_user':
      return createAuthorizedUserSource(credentials);
    case 'external_account': {
      const { impersonation } = credentials;
      if (impersonation === undefined) {
        throw new ConfigError([
          `${origin}: an external account has no ID tokens of its own; set config.service_account to the account ` +
            'that it may impersonate',
        ]);
      }
      // The federated token is enough for generateIdToken; the account's access token is not asked for first.
      return createImpersonationSource(
        {
          endpoint: iamCredentialsEndpoint(environment, impersonation),
          service_account: impersonation.service_account,
          delegates: [],
        },
        createExternalAccountSource(credentials, { clock, environment }),
        tokens,
      );
    }
    case 'impersonated_service_account': {
      const { impersonation, delegates, source } = credentials;
      return createImpersonationSource(
        {
          endpoint: iamCredentialsEndpoint(environment, impersonation),
          service_account: impersonation.service_account,
          delegates,
        },
        createAccessTokenSource(source, dependencies),
        tokens,
      );
    }
  }
}

function impersonationSource(
  { credentials }: FoundCredentials,
  { service_account, delegates }: Impersonated,
  dependencies: SourceDependencies,
): IdTokenSource {
  const own = 'impersonation' in credentials ? credentials.impersonation : undefined;
  const endpoint = iamCredentialsEndpoint(dependencies.environment, own);
  return createImpersonationSource(
    { endpoint, service_account, delegates },
    createAccessTokenSource(credentials, dependencies),
    dependencies.tokens,
  );
}
