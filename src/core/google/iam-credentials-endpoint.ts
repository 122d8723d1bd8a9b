import { checkGoogleUrl } from './check-google-url.ts';
import { type Environment, endpointOf } from './environment.ts';

const DEFAULT = 'https://iamcredentials.googleapis.com';

/**
 * Where service accounts are impersonated: what IAM_CREDENTIALS_ENDPOINT says, else the credential's own file.
 *
 * @throws ConfigError where the variable is not the address of a server, or the file's is not one of Google's
 */
export function iamCredentialsEndpoint(
  environment: Environment,
  impersonation?: { endpoint: string },
): string {
  const own = impersonation?.endpoint;
  if (own !== undefined) {
    checkGoogleUrl(own, 'service_account_impersonation_url', environment);
  }
  return endpointOf(environment, 'IAM_CREDENTIALS_ENDPOINT', own ?? DEFAULT);
}
