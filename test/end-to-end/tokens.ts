import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

type Json = Record<string, unknown>;

const attacker = generateKeyPairSync('rsa', { modulusLength: 2048 });

function part(value: Json | string): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString(
    'base64url',
  );
}

/** Reads a token's header and payload without verifying anything. */
export function take(token: string): { header: Json; payload: Json } {
  const [header = '', payload = ''] = token.split('.');
  const read = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString());
  return { header: read(header), payload: read(payload) };
}

/** A token signed by a key that no issuer knows. */
export function signedByAttacker(header: Json, payload: Json | string): string {
  const input = `${part(header)}.${part(payload)}`;
  return `${input}.${sign('sha256', Buffer.from(input), attacker.privateKey).toString('base64url')}`;
}

export function attackersJwk(): Json {
  return { ...attacker.publicKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' };
}

export function unsigned(header: Json, payload: Json): string {
  return `${part({ ...header, alg: 'none' })}.${part(payload)}.`;
}

/** The classic confusion: HMAC keyed with the issuer's public key, which everybody has. */
export function hmacWithPublicKey(header: Json, payload: Json, publicKey: KeyObject): string {
  const input = `${part({ ...header, alg: 'HS256' })}.${part(payload)}`;
  const secret = publicKey.export({ type: 'spki', format: 'pem' });
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

/** The same token with other bytes in front of the signature. */
export function withParts(token: string, { header, payload }: { header?: Json; payload?: Json }) {
  const [oldHeader = '', oldPayload = '', signature = ''] = token.split('.');
  return [header ? part(header) : oldHeader, payload ? part(payload) : oldPayload, signature].join(
    '.',
  );
}
