import { ConfigError } from '../config-error.ts';
import { type Environment, endpointOf } from './environment.ts';
import { isGoogleService } from './is-google-service.ts';

const PATH = '/v1/token';

/**
 * Where a subject token is exchanged: at STS_ENDPOINT where the environment names one, else where the credential says,
 * which must be Google. The token of this machine's platform is sent there, and whoever may write a route's configuration
 * should not be able to have it sent elsewhere.
 *
 * @throws ConfigError where it is not Google, or the variable not the address of a server
 */
export function stsUrl(token_url: string, environment: Environment): string {
  const endpoint = endpointOf(environment, 'STS_ENDPOINT', '');
  if (endpoint !== '') return endpoint + PATH;
  if (isGoogleService(token_url, { service: 'sts', path: PATH }, environment)) return token_url;
  throw new ConfigError([
    'credentials: token_url must be https://sts.googleapis.com/v1/token (of the domain that ' +
      'GOOGLE_CLOUD_UNIVERSE_DOMAIN names, if any); STS_ENDPOINT, in the environment of the plugin server, names another',
  ]);
}
