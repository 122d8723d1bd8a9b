import { randomBytes } from 'node:crypto';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK } from 'jose';

export interface SigningKey {
  kid: string;
  privateKey: CryptoKey;
  jwk: JWK;
}

export interface RotateOptions {
  /** false withdraws the old key at once, as after a compromise; default true */
  keepPrevious?: boolean;
}

export interface SigningKeys {
  current(): SigningKey;
  /** what the certificates endpoint publishes, newest first */
  published(): JWK[];
  /** New tokens are signed with a new key; the one before it stays published, older ones do not. */
  rotate(options?: RotateOptions): Promise<void>;
}

export async function createSigningKeys(): Promise<SigningKeys> {
  let keys: [SigningKey, ...SigningKey[]] = [await newKey()];
  return {
    current: () => keys[0],
    published: () => keys.map((key) => key.jwk),
    rotate: async ({ keepPrevious = true } = {}) => {
      const key = await newKey();
      keys = keepPrevious ? [key, keys[0]] : [key];
    },
  };
}

async function newKey(): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const kid = randomBytes(20).toString('hex');
  return {
    kid,
    privateKey,
    jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' },
  };
}
