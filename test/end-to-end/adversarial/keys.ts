import { createKey, type SigningKey } from '../../authorizer/support.ts';

/** What issuer A signs with, and lists. */
export const KEYS = {
  es: createKey('ES256', 'es'),
  rs: createKey('RS256', 'rs'),
  ps: createKey('PS256', 'ps'),
  ed: createKey('EdDSA', 'ed'),
  /** Listed without `alg`, so that it is good for any of its type. */
  any: createKey('RS256', 'any'),
  /** Listed although no route accepts its algorithm. */
  es384: createKey('ES384', 'es384'),
  /** Listed with its private half: whoever reads the key set can sign with it. */
  leaked: createKey('ES256', 'leaked'),
  /** Listed although it is too short (RFC 7518 §3.3). */
  weak: createKey('RS256', 'weak', 1024),
  /** Listed for encryption. */
  enc: createKey('RS256', 'enc'),
} as const;

/** A symmetric key that issuer A lists by mistake. */
export const LISTED_SECRET = Buffer.alloc(32, 'listed by mistake');

/** Issuer B names its keys as A does. */
export const KEYS_OF_B = { es: createKey('ES256', 'es'), rs: createKey('RS256', 'rs') } as const;

export const MANY_KEYS = Array.from({ length: 11 }, (_, index) => createKey('ES256', `k${index}`));

/** Keys that no issuer knows, under names of issuer A. */
export const ATTACKER = { es: createKey('ES256', 'es'), rs: createKey('RS256', 'rs') } as const;

/** Keys for DPoP, of the client that tokens are bound to and of somebody else. */
export const CLIENT = createKey('ES256', 'client');
export const OTHER_CLIENT = createKey('ES256', 'other');
export const RSA_CLIENT = createKey('PS256', 'client');

export function keySetOfA(): object {
  const { any, leaked, enc, ...rest } = KEYS;
  const { alg: _alg, ...anyAlgorithm } = any.jwk;
  return {
    keys: [
      ...Object.values(rest).map(({ jwk }) => jwk),
      anyAlgorithm,
      { ...leaked.jwk, ...leaked.privateKey.export({ format: 'jwk' }) },
      { ...enc.jwk, use: 'enc' },
      { kty: 'oct', kid: 'oct', alg: 'HS256', k: LISTED_SECRET.toString('base64url') },
    ],
  };
}

export function keySetOfB(): object {
  return { keys: Object.values(KEYS_OF_B).map(({ jwk }) => jwk) };
}

/** The public key as a client puts it into a proof. */
export function publicJwk({ publicKey }: SigningKey): Record<string, unknown> {
  return { ...publicKey.export({ format: 'jwk' }) };
}
