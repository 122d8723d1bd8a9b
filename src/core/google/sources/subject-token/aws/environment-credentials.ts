import type { AwsSecurityCredentials } from 'google-auth-library';
import { ConfigError } from '../../../../config-error.ts';
import type { Environment } from '../../../environment.ts';
import { readAwsCredentials } from './read-aws-credentials.ts';

/**
 * The credentials that the environment holds, as in Lambda.
 *
 * @throws ConfigError where they cannot be used
 */
export function environmentCredentials(
  environment: Environment,
): AwsSecurityCredentials | undefined {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = environment;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) return undefined;
  const credentials = readAwsCredentials({
    AccessKeyId: AWS_ACCESS_KEY_ID,
    SecretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN ? { Token: AWS_SESSION_TOKEN } : {}),
  });
  if (credentials === undefined) {
    throw new ConfigError([
      'AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN: are not AWS credentials',
    ]);
  }
  return credentials;
}
