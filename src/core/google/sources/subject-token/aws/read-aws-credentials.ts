import type { AwsSecurityCredentials } from 'google-auth-library';
import { isJsonObject, ownMember } from '../../../../json.ts';

/**
 * Reads credentials in the form in which ECS, EKS and EC2 answer. Users' keys have no `Token`.
 *
 * @returns undefined where they are none
 */
export function readAwsCredentials(answer: unknown): AwsSecurityCredentials | undefined {
  if (!isJsonObject(answer)) return undefined;
  const accessKeyId = ownMember(answer, 'AccessKeyId');
  const secretAccessKey = ownMember(answer, 'SecretAccessKey');
  const token = ownMember(answer, 'Token');
  if (!isVisible(accessKeyId) || !isVisible(secretAccessKey)) return undefined;
  if (token === undefined) return { accessKeyId, secretAccessKey };
  return isVisible(token) ? { accessKeyId, secretAccessKey, token } : undefined;
}

function isVisible(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,16384}$/.test(value);
}
