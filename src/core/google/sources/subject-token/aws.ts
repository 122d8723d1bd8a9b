import type { AwsSecurityCredentials } from 'google-auth-library';
import { ConfigError } from '../../../config-error.ts';
import type { AwsSource } from '../../credentials/parse-credential-source.ts';
import type { Environment } from '../../environment.ts';
import { containerCredentials } from './aws/container-credentials.ts';
import { environmentCredentials } from './aws/environment-credentials.ts';
import { environmentRegion } from './aws/environment-region.ts';
import { instanceCredentials } from './aws/instance-credentials.ts';
import { type AskInstanceMetadata, instanceMetadata } from './aws/instance-metadata.ts';
import { readRegion } from './aws/read-region.ts';
import { signCallerIdentity } from './aws/sign-caller-identity.ts';
import type { SubjectTokenSource } from './subject-token-source.ts';

const NO_REGION = 'AWS_REGION: is needed, because the credential has no region_url';
const NO_CREDENTIALS =
  'AWS_ACCESS_KEY_ID, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, AWS_CONTAINER_CREDENTIALS_FULL_URI: ' +
  'one is needed, because the credential has no url of instance metadata';

/**
 * A request that tells AWS who the workload is, signed for Google to send it. The AWS credentials are those of the
 * environment, else of the ECS task or EKS pod, else of the EC2 instance.
 *
 * @param audience the provider
 * @throws ConfigError where no credentials or no region can be had
 * @see https://google.aip.dev/auth/4117 under "Determining the subject token in AWS"
 */
export function createAwsSource(
  source: AwsSource,
  audience: string,
  environment: Environment,
): SubjectTokenSource {
  const findRegion = regionOf(source, environment);
  const findCredentials = credentialsOf(source, environment);
  if (findRegion === undefined || findCredentials === undefined) {
    throw new ConfigError([
      ...(findRegion === undefined ? [NO_REGION] : []),
      ...(findCredentials === undefined ? [NO_CREDENTIALS] : []),
    ]);
  }
  return {
    async fetchSubjectToken(signal) {
      const ask = instanceMetadata(source.imdsv2_session_token_url, signal);
      return await signCallerIdentity(await findCredentials(ask, signal), {
        region: await findRegion(ask),
        verification_url: source.regional_cred_verification_url,
        audience,
      });
    },
  };
}

function regionOf({ region_url }: AwsSource, environment: Environment) {
  const region = environmentRegion(environment);
  if (region !== undefined) return async () => region;
  return region_url === undefined
    ? undefined
    : async (ask: AskInstanceMetadata) => readRegion(await ask(region_url));
}

function credentialsOf({ url }: AwsSource, environment: Environment) {
  const credentials = environmentCredentials(environment);
  if (credentials !== undefined) return async (): Promise<AwsSecurityCredentials> => credentials;
  const fetchCredentials = containerCredentials(environment);
  if (fetchCredentials !== undefined) {
    return (_: AskInstanceMetadata, signal: AbortSignal) => fetchCredentials(signal);
  }
  return url === undefined
    ? undefined
    : (ask: AskInstanceMetadata) => instanceCredentials(url, ask);
}
