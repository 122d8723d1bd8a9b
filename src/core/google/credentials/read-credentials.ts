import { isAbsolute } from 'node:path';
import { ConfigError } from '../../config-error.ts';
import { readRegularFile } from '../../read-regular-file.ts';
import type { CredentialText } from './credential-text.ts';

/** A key file has about 2.4 KB. */
const MAX_BYTES = 65536;

/**
 * Reads the `credentials` field: JSON text as it stands, or the file it names.
 *
 * @throws ConfigError, which repeats the field only where it is a path: else it may be a mangled key
 */
export function readCredentials(credentials: string): CredentialText {
  const text = credentials.trim();
  const where = 'config.credentials';
  if (text.startsWith('{vault://')) {
    throw new ConfigError([`${where}: is a vault reference that Kong did not resolve`]);
  }
  if (text.startsWith('{')) return { text, where };
  if (!isPath(text)) {
    throw new ConfigError([
      `${where}: must be JSON text, or a path that is absolute or starts with ./ or ../`,
    ]);
  }
  return readCredentialFile(text, where);
}

function isPath(text: string): boolean {
  return /^[^\p{Cc}]{1,1024}$/u.test(text) && (isAbsolute(text) || /^\.{1,2}\//.test(text));
}

/**
 * Reads a credential file once; a key that is replaced needs a new instance.
 *
 * @param setting what named the file
 * @throws ConfigError naming the file and what is wrong with it, never its content
 */
export function readCredentialFile(path: string, setting: string): CredentialText {
  return {
    text: readRegularFile(setting, path, MAX_BYTES),
    where: `${setting} (file ${path})`,
  };
}
