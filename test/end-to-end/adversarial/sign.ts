import { constants, createHmac, sign } from 'node:crypto';
import type { SigningKey } from '../../authorizer/support.ts';

/** A header or claims: an object, or the very text or bytes where no object could express them. */
export type Part = object | string | Buffer;

function encoded(part: Part): string {
  if (Buffer.isBuffer(part)) return part.toString('base64url');
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
}

/** Signs whatever it is given, by the key's algorithm whatever the header says. */
export function signed(key: SigningKey, header: Part, claims: Part): string {
  const input = `${encoded(header)}.${encoded(claims)}`;
  return `${input}.${signatureOf(key, input).toString('base64url')}`;
}

export function signatureOf({ alg, privateKey: key }: SigningKey, input: string): Buffer {
  const bytes = Buffer.from(input);
  if (alg === 'EdDSA') return sign(null, bytes, key);
  const hash = `sha${alg.slice(2)}`;
  if (alg.startsWith('ES')) return sign(hash, bytes, { key, dsaEncoding: 'ieee-p1363' });
  if (alg.startsWith('RS')) return sign(hash, bytes, key);
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants;
  return sign(hash, bytes, { key, padding, saltLength });
}

/** Signs with a secret: the classic confusion is to take a public key for it, which everybody has. */
export function signedWithSecret(
  secret: string | Buffer,
  header: { alg: string } & Record<string, unknown>,
  claims: Part,
): string {
  const input = `${encoded(header)}.${encoded(claims)}`;
  const hash = `sha${header.alg.slice(2)}`;
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
}

/** The same token with another signature. */
export function withSignature(token: string, signature: Buffer | string): string {
  return token.replace(/[^.]*$/, Buffer.from(signature).toString('base64url'));
}
