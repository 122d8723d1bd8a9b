import { ConfigError } from '../config-error.ts';
import { type Environment, endpointOf } from './environment.ts';
import { isGoogleService } from './is-google-service.ts';

const SERVICE = { service: 'iamcredentials', path: '/' };

/**
 * Where service accounts are impersonated: at IAM_CREDENTIALS_ENDPOINT where the environment names one, else where the
 * credential says, which must be Google.
 *
 * @throws ConfigError where it is not Google, or the variable not the address of a server
 */
export function iamCredentialsEndpoint(
  environment: Environment,
  impersonation?: { endpoint: string },
): string {
  const endpoint = endpointOf(environment, 'IAM_CREDENTIALS_ENDPOINT', '');
  if (endpoint !== '') return endpoint;
  const { endpoint: own = 'https://iamcredentials.googleapis.com' } = impersonation ?? {};
  if (isGoogleService(own, SERVICE, environment)) return own;
  throw new ConfigError([
    'credentials: service_account_impersonation_url must be at https://iamcredentials.googleapis.com (of the domain that ' +
      'GOOGLE_CLOUD_UNIVERSE_DOMAIN names, if any); IAM_CREDENTIALS_ENDPOINT, in the environment of the plugin server, ' +
      'names another',
  ]);
}
