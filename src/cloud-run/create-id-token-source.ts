import type { Clock } from '../core/clock.ts';
import {
  type CredentialText,
  parseServiceAccountKey,
} from '../core/google/parse-service-account-key.ts';
import { readCredentialFile, readCredentials } from './credentials/read-credentials.ts';
import type { Environment } from './environment.ts';
import type { IdTokenSource } from './id-token-source.ts';
import { createMetadataServerSource } from './sources/metadata-server.ts';
import { createServiceAccountKeySource } from './sources/service-account-key.ts';

/**
 * The source that the configured credentials stand for, or without any the Application Default Credentials.
 *
 * @throws ConfigError where the credentials cannot be used
 * @see https://cloud.google.com/docs/authentication/application-default-credentials
 */
export function createIdTokenSource(
  credentials: string | undefined,
  { clock, environment }: { clock: Clock; environment: Environment },
): IdTokenSource {
  const found =
    credentials === undefined ? defaultCredentials(environment) : readCredentials(credentials);
  if (found === undefined) return createMetadataServerSource(environment);
  return createServiceAccountKeySource(parseServiceAccountKey(found), clock);
}

function defaultCredentials(environment: Environment): CredentialText | undefined {
  const path = environment.GOOGLE_APPLICATION_CREDENTIALS;
  if (path === undefined || path === '') return undefined;
  return readCredentialFile(path, 'GOOGLE_APPLICATION_CREDENTIALS');
}
