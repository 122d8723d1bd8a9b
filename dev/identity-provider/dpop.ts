import {
  constants,
  createHash,
  generateKeyPair as generateKeyPairCallback,
  type KeyObject,
  randomUUID,
  sign,
} from 'node:crypto';
import { promisify } from 'node:util';
import { calculateJwkThumbprint, type JWK } from 'jose';
import type { SigningAlgorithm } from './signing-keys.ts';

const generateKeyPair = promisify(generateKeyPairCallback);

/** A client's key for DPoP (RFC 9449). */
export interface DpopKey {
  algorithm: SigningAlgorithm;
  privateKey: KeyObject;
  /** The public key as proofs carry it. */
  jwk: JWK;
  /** What `cnf.jkt` says of tokens that are bound to it. */
  thumbprint: string;
}

export interface DpopProofOptions {
  /** `POST` by default, for token requests. */
  method?: string;
  /** Of the request, as `htu` has it. */
  url: string;
  /** Hashed into `ath`; none where a token is asked for. */
  accessToken?: string;
  nonce?: string;
  /** Members of the header in place of the right ones; undefined leaves one out. The key signs all the same. */
  header?: Record<string, unknown>;
  /** The same for the claims. */
  claims?: Record<string, unknown>;
}

export async function createDpopKey(algorithm: SigningAlgorithm = 'ES256'): Promise<DpopKey> {
  const { publicKey, privateKey } = await keyPair(algorithm);
  const jwk = publicKey.export({ format: 'jwk' });
  return { algorithm, privateKey, jwk, thumbprint: await calculateJwkThumbprint(jwk) };
}

/**
 * A DPoP proof (RFC 9449, section 4.2), or whatever comes of the overrides: the header is not asked
 * how to sign, so that it may lie.
 *
 * @example
 * const key = await createDpopKey();
 * const dpopProof = createDpopProof(key, { url: `${issuer}/token` });
 * const token = await getToken(issuer, { user: 'alice', dpopProof });
 * createDpopProof(key, { method: 'GET', url: 'https://api.example.com/tasks', accessToken: token });
 */
export function createDpopProof(
  { algorithm, privateKey, jwk }: DpopKey,
  { method = 'POST', url, accessToken, nonce, header, claims }: DpopProofOptions,
): string {
  const input = [
    { typ: 'dpop+jwt', alg: algorithm, jwk, ...header },
    {
      jti: randomUUID(),
      htm: method,
      htu: url,
      iat: Math.floor(Date.now() / 1000),
      ath: accessToken && createHash('sha256').update(accessToken).digest('base64url'),
      nonce,
      ...claims,
    },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${input}.${signature(algorithm, privateKey, Buffer.from(input)).toString('base64url')}`;
}

function keyPair(
  algorithm: SigningAlgorithm,
): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  if (algorithm === 'ES256') return generateKeyPair('ec', { namedCurve: 'P-256' });
  if (algorithm === 'EdDSA') return generateKeyPair('ed25519');
  return generateKeyPair('rsa', { modulusLength: 2048 });
}

/** RFC 7518, section 3, and RFC 8037, section 3.1. */
function signature(algorithm: SigningAlgorithm, key: KeyObject, input: Buffer): Buffer {
  switch (algorithm) {
    case 'EdDSA':
      return sign(null, input, key);
    case 'ES256':
      return sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' });
    case 'RS256':
      return sign('sha256', input, key);
    case 'PS256':
      return sign('sha256', input, {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      });
  }
}
