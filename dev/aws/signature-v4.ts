import { createHash, createHmac } from 'node:crypto';

export interface SigningInput {
  method: string;
  /** as it stands in the URL */
  path: string;
  query: URLSearchParams;
  /** by lower-case name */
  headers: ReadonlyMap<string, string>;
  /** lower-case names in the order of the header `authorization` */
  signedHeaders: readonly string[];
  body: string;
  /** `YYYYMMDDThhmmssZ` */
  date: string;
  region: string;
  service: string;
}

/**
 * The signature of AWS Signature Version 4, in hexadecimal
 * (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
 */
export function signatureV4(input: SigningInput, secretAccessKey: string): string {
  const day = input.date.slice(0, 8);
  const scope = [day, input.region, input.service, 'aws4_request'];
  const stringToSign = [
    'AWS4-HMAC-SHA256',
    input.date,
    scope.join('/'),
    sha256(canonicalRequest(input)),
  ].join('\n');
  let key: string | Buffer = `AWS4${secretAccessKey}`;
  for (const part of scope) key = hmac(key, part);
  return hmac(key, stringToSign).toString('hex');
}

function canonicalRequest(input: SigningInput): string {
  const query = [...input.query]
    .map(([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`)
    .sort()
    .join('&');
  const headers = input.signedHeaders.map((name) => {
    const value = (input.headers.get(name) ?? '').trim().replace(/ +/g, ' ');
    return `${name}:${value}\n`;
  });
  return [
    input.method,
    input.path,
    query,
    headers.join(''),
    input.signedHeaders.join(';'),
    sha256(input.body),
  ].join('\n');
}

/** Everything but the unreserved characters of RFC 3986. */
function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
