import { calculateJwkThumbprint, compactVerify, errors, importJWK } from 'jose';
import { LRUCache } from 'lru-cache';
import { countCacheResult } from '../../core/cache-counters.ts';
import type { ProofKey } from './read-proof-key.ts';

export type ProofSignatureVerdict =
  | { outcome: 'verified'; jkt: string }
  | { outcome: 'invalid'; reason: 'unusable_key' | 'bad_signature' };

interface ImportedKey {
  key: Exclude<Awaited<ReturnType<typeof importJWK>>, Uint8Array>;
  jkt: string;
}

const MOST_KEYS = 1_000;

/**
 * A client proves with the same key again and again, and importing it costs as much as verifying with it. Keyed by
 * everything that goes into the import, so a hit is the key that an import would make; a proof is verified each time.
 * Only keys that have verified something get in, so that pushing others out takes a signature each.
 */
const imported = new LRUCache<string, ImportedKey>({ max: MOST_KEYS });

/**
 * Verifies a DPoP proof with the key that it brings along (RFC 9449 §4.3 item 6).
 *
 * @returns the key's thumbprint (RFC 7638, with SHA-256) where it does
 */
export async function verifyProofSignature(
  proof: string,
  jwk: ProofKey,
  alg: string,
): Promise<ProofSignatureVerdict> {
  const name = `${alg} ${JSON.stringify(jwk)}`;
  const known = imported.get(name);
  const key = known ?? (await importKey(jwk, alg));
  if (key === null) return { outcome: 'invalid', reason: 'unusable_key' };
  try {
    await compactVerify(proof, key.key, { algorithms: [alg] });
  } catch (error) {
    if (error instanceof errors.JOSEError) return { outcome: 'invalid', reason: 'bad_signature' };
    throw error;
  }
  countCacheResult('proof_keys', known === undefined ? 'miss' : 'hit');
  imported.set(name, key);
  return { outcome: 'verified', jkt: key.jkt };
}

/** @returns null where the numbers make no key, such as a point that is not on its curve */
async function importKey(jwk: ProofKey, alg: string): Promise<ImportedKey | null> {
  try {
    const key = await importJWK(jwk, alg);
    return key instanceof Uint8Array ? null : { key, jkt: await calculateJwkThumbprint(jwk) };
  } catch {
    return null;
  }
}
