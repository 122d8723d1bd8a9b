import { compactVerify, errors } from 'jose';
import type { KeySet } from '../keys/load-keys.ts';

export type SignatureVerdict = 'verified' | 'bad_signature' | 'unknown_key';

/**
 * Verifies a JWS with one issuer's keys. jose matches `kid`, `alg`, `use`, `key_ops`, key type and curve.
 *
 * @returns `unknown_key` where newer keys might verify it: no key matches, or the token names none and no key fits
 */
export async function verifySignature(
  token: string,
  kid: string | undefined,
  keys: KeySet,
  algorithms: readonly string[],
): Promise<SignatureVerdict> {
  const options = { algorithms: [...algorithms] };
  try {
    await compactVerify(token, keys, options);
    return 'verified';
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys) {
      for await (const key of error) {
        if (await verifiesWith(token, key, options)) return 'verified';
      }
    } else if (error instanceof errors.JWKSNoMatchingKey) {
      return 'unknown_key';
    } else if (!(error instanceof errors.JWSSignatureVerificationFailed)) {
      throw error;
    }
    return kid === undefined ? 'unknown_key' : 'bad_signature';
  }
}

type Key = Parameters<typeof compactVerify>[1];

async function verifiesWith(
  token: string,
  key: Exclude<Key, KeySet>,
  options: { algorithms: string[] },
): Promise<boolean> {
  try {
    await compactVerify(token, key, options);
    return true;
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) return false;
    throw error;
  }
}
