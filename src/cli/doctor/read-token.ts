import { ConfigError } from '../../core/config-error.ts';
import type { Environment } from '../../core/google/environment.ts';
import { readTextFile } from '../policy/input/read-text-file.ts';

const MOST_BYTES = 64 * 1024;

/**
 * The access token that the command line names, if any.
 *
 * @throws ConfigError where there is none, or what is there is no token; it is never repeated
 */
export function readToken(
  { tokenFile, tokenEnv }: { readonly tokenFile?: string; readonly tokenEnv?: string },
  environment: Environment,
): string | undefined {
  if (tokenFile !== undefined) return checked(readTextFile(tokenFile, MOST_BYTES), tokenFile);
  if (tokenEnv !== undefined) return checked(environment[tokenEnv] ?? '', tokenEnv);
  return undefined;
}

function checked(text: string, where: string): string {
  const token = text.trim();
  // RFC 6750 §2.1: b64token.
  if (/^[\w.~+/-]+=*$/.test(token)) return token;
  throw new ConfigError([`${where}: holds no access token`]);
}
