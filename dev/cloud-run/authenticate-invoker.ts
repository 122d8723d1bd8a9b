import type { JWTPayload } from 'jose';
import { includesCaller } from '../google/iam-members.ts';
import type { VerifyIdToken } from './verify-id-token.ts';

/** What the front end makes of a request's credential. */
export type InvokerVerdict =
  | { outcome: 'allow'; claims: JWTPayload | undefined; header: CredentialHeader | undefined }
  | { outcome: 'deny'; status: 401 | 403 };

export type CredentialHeader = 'x-serverless-authorization' | 'authorization';

export interface InvokerPolicy {
  /** members with roles/run.invoker */
  invokers: readonly string[];
  verify: VerifyIdToken;
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
  if (headers[header] === undefined) return { outcome: 'deny', status: 403 };

  const token = bearerToken(headers[header]);
  const verdict = token === undefined ? undefined : await policy.verify(token);
  if (verdict?.outcome !== 'allow') return { outcome: 'deny', status: 401 };

  const { claims } = verdict;
  return includesCaller(policy.invokers, verifiedEmail(claims))
    ? { outcome: 'allow', claims, header }
    : { outcome: 'deny', status: 403 };
}

/** @returns undefined unless the header is there once and has a bearer token */
export function bearerToken(values: readonly string[] | undefined): string | undefined {
  return values?.length === 1 ? /^Bearer +(\S+)$/i.exec(values[0] ?? '')?.[1] : undefined;
}

/** The name under which a policy may list the bearer; none without a verified email. */
export function verifiedEmail({ email, email_verified: verified }: JWTPayload): string[] {
  return typeof email === 'string' && verified === true ? [email] : [];
}
