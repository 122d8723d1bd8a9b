import type { Clock } from '../clock.ts';
import type { AccessTokenSource } from './access-token-source.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { GoogleCredentials } from './credentials/google-credentials.ts';
import type { Environment } from './environment.ts';
import { iamCredentialsEndpoint } from './iam-credentials-endpoint.ts';
import { createAuthorizedUserSource } from './sources/authorized-user.ts';
import { createExternalAccountSource } from './sources/external-account.ts';
import { createImpersonationSource } from './sources/impersonation.ts';
import { createMetadataServerSource } from './sources/metadata-server.ts';
import { createServiceAccountKeySource } from './sources/service-account-key.ts';

export interface SourceDependencies {
  clock: Clock;
  environment: Environment;
  /** Where the tokens of a credential that impersonates are kept. */
  tokens: AccessTokens;
}

/**
 * The source of access tokens that the credentials stand for.
 *
 * @throws ConfigError where they cannot be used
 */
export function createAccessTokenSource(
  credentials: GoogleCredentials,
  dependencies: SourceDependencies,
): AccessTokenSource {
  const { clock, environment } = dependencies;
  switch (credentials.type) {
    case 'metadata_server':
      return createMetadataServerSource(environment, clock);
    case 'service_account':
      return createServiceAccountKeySource(credentials, clock);
    case 'authorized_user':
      return createAuthorizedUserSource(credentials, clock);
    case 'external_account': {
      const source = createExternalAccountSource(credentials, { clock, environment });
      const { impersonation } = credentials;
      if (impersonation === undefined) return source;
      const { service_account } = impersonation;
      const endpoint = iamCredentialsEndpoint(environment, impersonation);
      return createImpersonationSource(
        { endpoint, service_account, delegates: [] },
        source,
        dependencies,
      );
    }
    case 'impersonated_service_account': {
      const { impersonation, delegates } = credentials;
      const { service_account } = impersonation;
      const endpoint = iamCredentialsEndpoint(environment, impersonation);
      const source = createAccessTokenSource(credentials.source, dependencies);
      return createImpersonationSource(
        { endpoint, service_account, delegates },
        source,
        dependencies,
      );
    }
  }
}
