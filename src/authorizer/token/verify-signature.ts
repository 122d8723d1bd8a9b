import { compactVerify, errors } from 'jose';
import type { KeySet } from '../keys/load-keys.ts';

type SignatureVerdict = 'verified' | 'bad_signature' | 'ambiguous_key' | 'unknown_key';

/** Each costs a verification, and anyone may send a token that names no key. Issuers list a handful. */
const MAX_MATCHING_KEYS = 10;

/**
 * Verifies a JWS with one issuer's keys. jose matches `kid`, `alg`, `use`, `key_ops`, key type and curve.
 *
 * @returns `unknown_key` where newer keys might verify it: no key matches, or the token names none and no key fits;
 *   `ambiguous_key` where more than 10 keys match, none of which is then tried
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
      const matching = await takeKeys(error, MAX_MATCHING_KEYS + 1);
      if (matching.length > MAX_MATCHING_KEYS) return 'ambiguous_key';
      for (const key of matching) {
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

type Key = Exclude<Parameters<typeof compactVerify>[1], KeySet>;

async function takeKeys(keys: AsyncIterable<Key>, limit: number): Promise<Key[]> {
  const taken: Key[] = [];
  for await (const key of keys) {
    taken.push(key);
    if (taken.length === limit) break;
  }
  return taken;
}

async function verifiesWith(
  token: string,
  key: Key,
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
