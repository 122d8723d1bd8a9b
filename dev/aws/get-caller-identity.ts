import { timingSafeEqual } from 'node:crypto';
import { type AwsAccessKey, accountOf } from './access-keys.ts';
import { signatureV4 } from './signature-v4.ts';

export interface CallerIdentityRequest {
  url: string;
  method: string;
  /** by lower-case name */
  headers: ReadonlyMap<string, string>;
}

export type CallerIdentity =
  | { outcome: 'allow'; arn: string; account: string }
  /** the code of AWS's error, such as `SignatureDoesNotMatch` */
  | { outcome: 'deny'; code: string; message: string };

const MAX_SKEW_SECONDS = 15 * 60;
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/aws4_request, ?SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]{64})$/;

/**
 * AWS STS GetCallerIdentity, for a request that somebody else signed and that has no body
 * (docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html; errors:
 * docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html).
 *
 * @param now seconds since the epoch
 */
export function getCallerIdentity(
  request: CallerIdentityRequest,
  keys: readonly AwsAccessKey[],
  now: number,
): CallerIdentity {
  const { headers } = request;
  const url = new URL(request.url);
  const [, keyId, day, region, service, names, signature] =
    AUTHORIZATION.exec(headers.get('authorization') ?? '') ?? [];
  if (!keyId || !day || !region || !service || !names || !signature) {
    return deny('IncompleteSignature', 'The request signature does not conform to AWS standards.');
  }
  const date = headers.get('x-amz-date') ?? '';
  const signedAt = parseDate(date);
  if (signedAt === undefined || !date.startsWith(day)) {
    return deny('IncompleteSignature', 'Date must be in ISO-8601 basic format, as in the scope.');
  }
  if (Math.abs(now - signedAt) > MAX_SKEW_SECONDS) {
    return deny('SignatureDoesNotMatch', `Signature expired or not yet current: ${date}`);
  }
  if (service !== 'sts' || region !== regionOf(url.host) || headers.get('host') !== url.host) {
    return deny(
      'SignatureDoesNotMatch',
      'Credential should be scoped to a valid region and service.',
    );
  }
  const key = keys.find(({ accessKeyId }) => accessKeyId === keyId);
  if (key === undefined || headers.get('x-amz-security-token') !== key.sessionToken) {
    return deny('InvalidClientTokenId', 'The security token included in the request is invalid.');
  }

  const signedHeaders = names.split(';');
  const missing = [...headers.keys()].find(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !signedHeaders.includes(name),
  );
  if (missing !== undefined || !signedHeaders.every((name) => headers.has(name))) {
    return deny('SignatureDoesNotMatch', 'Headers present in the request were not signed.');
  }
  const expected = signatureV4(
    {
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      headers,
      signedHeaders,
      body: '',
      date,
      region,
      service,
    },
    key.secretAccessKey,
  );
  if (
    !isOrdered(signedHeaders) ||
    !timingSafeEqual(Buffer.from(expected), Buffer.from(signature))
  ) {
    return deny('SignatureDoesNotMatch', 'The request signature we calculated does not match.');
  }
  if (key.expiresAt !== undefined && key.expiresAt <= now) {
    return deny('ExpiredToken', 'The security token included in the request is expired.');
  }
  return { outcome: 'allow', arn: key.arn, account: accountOf(key.arn) };
}

/** @returns undefined for a host that is no endpoint of AWS STS */
export function regionOf(host: string): string | undefined {
  if (host === 'sts.amazonaws.com') return 'us-east-1';
  return /^sts\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com$/.exec(host)?.[1];
}

function isOrdered(names: readonly string[]): boolean {
  return names.every((name, index) => index === 0 || (names[index - 1] ?? '') < name);
}

/** @returns seconds since the epoch */
function parseDate(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : time / 1000;
}

function deny(code: string, message: string): CallerIdentity {
  return { outcome: 'deny', code, message };
}
