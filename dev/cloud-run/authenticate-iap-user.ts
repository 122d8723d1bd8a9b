import type { JWTPayload } from 'jose';
import { includesCaller } from '../google/iam-members.ts';
import { bearerToken, verifiedEmail } from './authenticate-invoker.ts';
import type { IdTokenFault, VerifyIdToken } from './verify-id-token.ts';

export type IapVerdict =
  | { outcome: 'allow'; claims: JWTPayload }
  | { outcome: 'deny'; status: 302 | 401 | 403; detail: string };

export interface IapPolicy {
  /** members with roles/iap.httpsResourceAccessor */
  accessors: readonly string[];
  verify: VerifyIdToken;
}

/** What follows «Invalid IAP credentials: ». */
const DETAILS: Record<IdTokenFault, string> = {
  malformed: 'Unable to parse JWT',
  bad_signature: 'JWT signature is invalid',
  wrong_audience: 'Invalid bearer token. Invalid JWT audience.',
  expired: 'Expired JWT',
  bad_claims: 'Invalid bearer token.',
  revoked: 'Invalid bearer token.',
};

/**
 * Identity-Aware Proxy's check of a program, which has no cookie: a good ID token in Proxy-Authorization is enough
 * and leaves Authorization to the app; without one Authorization is looked at
 * (cloud.google.com/iap/docs/authentication-howto). Who has no token and could follow a redirect is sent to sign in
 * (cloud.google.com/iap/docs/faq).
 */
export async function authenticateIapUser(
  method: string,
  headers: NodeJS.Dict<string[]>,
  { accessors, verify }: IapPolicy,
): Promise<IapVerdict> {
  const first = bearerToken(headers['proxy-authorization']);
  const proxied = first === undefined ? undefined : await verify(first);
  if (proxied?.outcome === 'allow') return authorize(proxied.claims, accessors);

  const token = bearerToken(headers.authorization);
  if (token === undefined) {
    const status = followsRedirects(method, headers) ? 302 : 401;
    return { outcome: 'deny', status, detail: 'empty token' };
  }
  const verdict = await verify(token);
  return verdict.outcome === 'allow'
    ? authorize(verdict.claims, accessors)
    : { outcome: 'deny', status: 401, detail: DETAILS[verdict.reason] };
}

function authorize(claims: JWTPayload, accessors: readonly string[]): IapVerdict {
  if (typeof claims.email !== 'string') {
    return { outcome: 'deny', status: 401, detail: "JWT 'email' claim isn't a string" };
  }
  return includesCaller(accessors, verifiedEmail(claims))
    ? { outcome: 'allow', claims }
    : { outcome: 'deny', status: 403, detail: 'no access' };
}

function followsRedirects(method: string, headers: NodeJS.Dict<string[]>): boolean {
  const accept = headers.accept?.join(',') ?? '*/*';
  return (
    (method === 'GET' || method === 'HEAD') &&
    headers['x-requested-with'] === undefined &&
    /text\/html|\*\/\*/.test(accept)
  );
}
