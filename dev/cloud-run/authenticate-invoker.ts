import type { JWTPayload } from 'jose';

/** What the front end makes of a request's credential. */
export type InvokerVerdict =
  | { outcome: 'allow'; claims: JWTPayload | undefined; header: CredentialHeader | undefined }
  | { outcome: 'deny'; status: 401 | 403 };

export type CredentialHeader = 'x-serverless-authorization' | 'authorization';

export interface InvokerPolicy {
  /** emails with roles/run.invoker, or `allUsers` */
  invokers: readonly string[];
  verify(token: string): Promise<JWTPayload | undefined>;
}

/**
 * Cloud Run's IAM check: cloud.google.com/run/docs/authenticating/service-to-service.
 * X-Serverless-Authorization goes first and, when it is there, is the only one looked at, good or bad.
 * No credential is 403, one that does not verify 401, a caller without the role 403
 * (cloud.google.com/run/docs/troubleshooting, under serving errors).
 *
 * @param headers every value of every header, lower-case names
 */
export async function authenticateInvoker(
  headers: NodeJS.Dict<string[]>,
  policy: InvokerPolicy,
): Promise<InvokerVerdict> {
  if (policy.invokers.includes('allUsers')) {
    return { outcome: 'allow', claims: undefined, header: undefined };
  }
  const header: CredentialHeader =
    headers['x-serverless-authorization'] === undefined
      ? 'authorization'
      : 'x-serverless-authorization';
  const values = headers[header];
  if (values === undefined) return { outcome: 'deny', status: 403 };

  const token = values.length === 1 ? /^Bearer +(\S+)$/i.exec(values[0] ?? '')?.[1] : undefined;
  const claims = token === undefined ? undefined : await policy.verify(token);
  if (claims === undefined) return { outcome: 'deny', status: 401 };

  const { email, email_verified: verified } = claims;
  const mayInvoke =
    typeof email === 'string' && verified === true && policy.invokers.includes(email);
  return mayInvoke ? { outcome: 'allow', claims, header } : { outcome: 'deny', status: 403 };
}
