import { type Environment, endpointOf } from './environment.ts';

const DEFAULT = 'https://iamcredentials.googleapis.com';

/**
 * Where service accounts are impersonated: what IAM_CREDENTIALS_ENDPOINT says, else the credential's own file.
 *
 * @throws ConfigError where the variable is not the address of a server
 */
export function iamCredentialsEndpoint(
  environment: Environment,
  impersonation?: { endpoint: string },
): string {
  return endpointOf(environment, 'IAM_CREDENTIALS_ENDPOINT', impersonation?.endpoint ?? DEFAULT);
}
