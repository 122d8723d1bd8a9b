import { type Call, json, type Reply } from '../google/call.ts';
import { accountOf } from './access-keys.ts';
import { isoSeconds } from './iso-seconds.ts';
import type { RoleCredentialsIssuer } from './role-credentials.ts';

/** The endpoint that AWS_CONTAINER_CREDENTIALS_FULL_URI or …_RELATIVE_URI names. */
export interface Container {
  /** default `/v1/credentials`, as of EKS Pod Identity; ECS has `/v2/credentials/<id>` */
  path?: string;
  /** what the header `Authorization` must be, word for word; not looked at when absent, as on ECS */
  authorizationToken?: string;
}

/**
 * Credentials of a task's or pod's role
 * (docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html). The refusals are those
 * of EKS's Pod Identity agent (github.com/aws/eks-pod-identity-agent).
 */
export function containerCredentials(
  { authorizationToken }: Container,
  credentials: RoleCredentialsIssuer,
  arn: string,
  call: Call,
): Reply {
  if (call.method !== 'GET') return plain(405, 'Method Not Allowed');
  const { authorization } = call.headers;
  if (authorizationToken !== undefined && authorization === undefined) {
    return plain(400, 'Service account token cannot be empty');
  }
  if (authorizationToken !== undefined && authorization !== authorizationToken) {
    return plain(403, 'Access denied: the token is not valid');
  }
  const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = credentials.current();
  return json(200, {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    Token: sessionToken,
    AccountId: accountOf(arn),
    Expiration: isoSeconds(expiresAt),
  });
}

function plain(status: number, body: string): Reply {
  return { status, body: `${body}\n` };
}
