import { isLoopbackHost } from '../config/fields.ts';
import { ConfigError } from '../config-error.ts';
import type { Environment } from './environment.ts';

const VARIABLE = 'GOOGLE_CLOUD_UNIVERSE_DOMAIN';

/**
 * Holds an address that a credential names to Google's own: it is sent the token of this machine's platform, or one for
 * Google's APIs. Whoever may write a route's configuration should not have these sent elsewhere.
 *
 * @param member of the credential, for the error
 * @throws ConfigError where it is neither at googleapis.com, nor in the universe that the environment names, nor this
 *   machine
 */
export function checkGoogleUrl(url: string, member: string, environment: Environment): void {
  const { hostname } = new URL(url);
  const domains = ['googleapis.com', environment[VARIABLE] ?? ''].filter((domain) => domain !== '');
  const isGoogles = domains.some((domain) => `.${hostname}`.endsWith(`.${domain.toLowerCase()}`));
  if (isGoogles || isLoopbackHost(hostname)) return;
  throw new ConfigError([
    `credentials: ${member} must be an address at googleapis.com, or in the domain that ${VARIABLE} names`,
  ]);
}
