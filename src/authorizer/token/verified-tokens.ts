import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { countCacheResult } from '../../core/cache-counters.ts';
import type { KeySet } from '../keys/load-keys.ts';

/** Of each issuer. */
const MOST_TOKENS = 10_000;

/** Goes with the keys: when an issuer's keys are fetched again, every signature is verified again. */
const verified = new WeakMap<KeySet, LRUCache<string, true>>();

/**
 * Verifies a token's signature only once for the same keys. What is remembered is the token's SHA-256 and nothing else;
 * its header and claims, its expiry among them, are for the caller to check each time.
 *
 * @param verify says whether the keys verify the token; only that they do is remembered
 */
export async function verifyOnce<T>(
  token: string,
  keys: KeySet,
  verify: () => Promise<T | 'verified'>,
): Promise<T | 'verified'> {
  const digest = hash('sha256', token, 'base64url');
  const known = verified.get(keys) ?? new LRUCache<string, true>({ max: MOST_TOKENS });
  if (known.get(digest) === true) {
    countCacheResult('verified_tokens', 'hit');
    return 'verified';
  }
  const verdict = await verify();
  countCacheResult('verified_tokens', verdict === 'verified' ? 'miss' : 'failed');
  if (verdict === 'verified') {
    known.set(digest, true);
    verified.set(keys, known);
  }
  return verdict;
}
