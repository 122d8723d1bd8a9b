import { generateKeyPair as generateKeyPairCallback, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { calculateJwkThumbprint } from 'jose';
import type { JWK } from 'oidc-provider';

const generateKeyPair = promisify(generateKeyPairCallback);

/** The algorithms there is a key for: those that the gateway may be configured to accept. */
export const SIGNING_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];

/**
 * One fresh private key for each algorithm, each under its own `kid`. The two RSA algorithms share
 * their key material: making an RSA key is what takes the time at start, and nothing real is signed.
 */
export async function generateSigningKeys(): Promise<JWK[]> {
  const rsa = generateKeyPair('rsa', { modulusLength: 2048 });
  const pairs: Record<SigningAlgorithm, Promise<{ privateKey: KeyObject }>> = {
    RS256: rsa,
    PS256: rsa,
    ES256: generateKeyPair('ec', { namedCurve: 'P-256' }),
    EdDSA: generateKeyPair('ed25519'),
  };
  return Promise.all(
    SIGNING_ALGORITHMS.map(async (alg) => {
      const { privateKey } = await pairs[alg];
      const kid = `${alg}-${await calculateJwkThumbprint(privateKey)}`;
      return { ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid };
    }),
  );
}
