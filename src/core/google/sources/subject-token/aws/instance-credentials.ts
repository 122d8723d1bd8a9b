import type { AwsSecurityCredentials } from 'google-auth-library';
import { Malfunction } from '../../../../malfunction.ts';
import { parseJson } from '../../../parse-json.ts';
import type { AskInstanceMetadata } from './instance-metadata.ts';
import { readAwsCredentials } from './read-aws-credentials.ts';

/**
 * The credentials of the role that is attached to this EC2 instance.
 *
 * @param url lists the role, and under it are its credentials
 * @throws Malfunction where there are none
 */
export async function instanceCredentials(
  url: string,
  ask: AskInstanceMetadata,
): Promise<AwsSecurityCredentials> {
  const role = (await ask(url)).trim();
  // docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html
  if (!/^[\w+=,.@-]{1,64}$/.test(role)) {
    throw new Malfunction('the answer of AWS instance metadata is not the name of a role');
  }
  const credentials = readAwsCredentials(parseJson(await ask(`${url.replace(/\/$/, '')}/${role}`)));
  if (credentials === undefined) {
    throw new Malfunction('the answer of AWS instance metadata is not AWS credentials');
  }
  return credentials;
}
