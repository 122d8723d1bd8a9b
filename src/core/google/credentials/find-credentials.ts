import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Environment } from '../environment.ts';
import type { CredentialText } from './credential-text.ts';
import type { FoundCredentials } from './google-credentials.ts';
import { parseCredentials } from './parse-credentials.ts';
import { readCredentialFile, readCredentials } from './read-credentials.ts';

const VARIABLE = 'GOOGLE_APPLICATION_CREDENTIALS';
const GCLOUD_FILE = 'application_default_credentials.json';

/**
 * The credentials that a plugin's `credentials` field gives, or without it the Application Default Credentials: the
 * file that GOOGLE_APPLICATION_CREDENTIALS names, else the one that `gcloud auth application-default login` wrote for
 * this user, else the metadata server.
 *
 * @throws ConfigError where they cannot be used
 * @see https://cloud.google.com/docs/authentication/application-default-credentials
 */
export function findCredentials(
  configured: string | undefined,
  environment: Environment,
): FoundCredentials {
  const found =
    configured === undefined ? defaultCredentials(environment) : readCredentials(configured);
  return found === undefined
    ? { credentials: { type: 'metadata_server' }, origin: 'the metadata server' }
    : { credentials: parseCredentials(found), origin: found.where };
}

function defaultCredentials(environment: Environment): CredentialText | undefined {
  const named = environment[VARIABLE];
  if (named !== undefined && named !== '') return readCredentialFile(named, VARIABLE);
  const file = gcloudFile(environment);
  return file !== undefined && existsSync(file)
    ? readCredentialFile(file, "gcloud's credentials")
    : undefined;
}

function gcloudFile({ CLOUDSDK_CONFIG, HOME }: Environment): string | undefined {
  if (CLOUDSDK_CONFIG) return path.join(CLOUDSDK_CONFIG, GCLOUD_FILE);
  return HOME ? path.join(HOME, '.config', 'gcloud', GCLOUD_FILE) : undefined;
}
