import type { Clock } from '../../../core/clock.ts';
import { parseServiceAccountKey } from '../../../core/google/parse-service-account-key.ts';
import { readRegularFile } from '../../../core/read-regular-file.ts';
import type { AccessTokenSource } from './access-token-source.ts';
import type { Environment } from './environment.ts';
import { createMetadataServerSource } from './metadata-server.ts';
import { createServiceAccountKeySource } from './service-account-key.ts';

const VARIABLE = 'GOOGLE_APPLICATION_CREDENTIALS';
/** A key file has about 2.4 KB. */
const MAX_BYTES = 65_536;

/**
 * The source that the Application Default Credentials stand for: a key file, else the metadata server.
 *
 * @throws ConfigError where they cannot be used
 * @see https://cloud.google.com/docs/authentication/application-default-credentials
 */
export function createAccessTokenSource(environment: Environment, clock: Clock): AccessTokenSource {
  const file = environment[VARIABLE];
  if (file === undefined || file === '') return createMetadataServerSource(environment, clock);
  const text = readRegularFile(VARIABLE, file, MAX_BYTES);
  const key = parseServiceAccountKey({ text, where: `${VARIABLE} (file ${file})` });
  return createServiceAccountKeySource(key, clock);
}
