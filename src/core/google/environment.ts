import { isSecureUrl } from '../config/fields.ts';
import { ConfigError } from '../config-error.ts';

/** Environment variables, as `process.env` holds them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where an API is: Google's own address, unless a variable names another, as for Private Service Connect or a test.
 *
 * @returns without a slash at its end
 * @throws ConfigError where the variable is not the address of a server, by https unless that is this machine
 */
export function endpointOf(environment: Environment, variable: string, fallback: string): string {
  const text = environment[variable];
  if (text === undefined || text === '') return fallback;
  const { origin, href } = isSecureUrl(text) ? new URL(text) : { origin: '', href: '' };
  if (origin === '' || href !== `${origin}/`) {
    throw new ConfigError([
      `${variable}: must be an https URL (http only on loopback) without path and query`,
    ]);
  }
  return origin;
}
