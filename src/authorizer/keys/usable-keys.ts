import { importJWK, type JWK } from 'jose';
import { z } from 'zod';
import { isJsonObject, type JsonValue } from '../../core/json.ts';

/** The members of a public key that verifying reads (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2). Others are dropped. */
const publicJwk = z.object({
  kty: z.enum(['RSA', 'EC', 'OKP']),
  use: z.literal('sig').exactOptional(),
  key_ops: z.array(z.string()).exactOptional(),
  alg: z.string().exactOptional(),
  kid: z.string().exactOptional(),
  n: z.string().exactOptional(),
  e: z.string().exactOptional(),
  crv: z.string().exactOptional(),
  x: z.string().exactOptional(),
  y: z.string().exactOptional(),
});

/** RFC 7518 §3.3, §3.5: smaller keys must not be used. */
const MIN_RSA_BITS = 2048;
/** What a larger modulus or exponent would cost, anyone with a token could make every route pay. */
const MAX_RSA_BITS = 8192;
const MAX_EXPONENT_BYTES = 4;

/**
 * Picks the keys of a JWK Set that can verify signatures. One bad key must not cost the good ones (RFC 7517 §5).
 * Dropped are symmetric keys, keys for encryption, keys too weak or broken, and private keys: what they sign,
 * anyone who has read this set can sign.
 */
export async function usableKeys(keys: readonly JsonValue[]): Promise<JWK[]> {
  const usable = await Promise.all(keys.map(usableKey));
  return usable.filter((key) => key !== null);
}

async function usableKey(key: JsonValue): Promise<JWK | null> {
  if (!isJsonObject(key) || Object.hasOwn(key, 'd') || Object.hasOwn(key, 'k')) return null;
  const parsed = publicJwk.safeParse(key);
  if (!parsed.success) return null;
  const jwk: JWK = parsed.data;
  if (byteLength(jwk.n) > MAX_RSA_BITS / 8 || byteLength(jwk.e) > MAX_EXPONENT_BYTES) return null;
  try {
    const imported = await importJWK(jwk, jwk.alg ?? likelyAlgorithm(jwk));
    if (imported instanceof Uint8Array) return null;
    const bits = 'modulusLength' in imported.algorithm ? imported.algorithm.modulusLength : null;
    return bits === null || Number(bits) >= MIN_RSA_BITS ? jwk : null;
  } catch {
    return null;
  }
}

function byteLength(base64url = ''): number {
  return Buffer.byteLength(base64url, 'base64url');
}

/** Any algorithm of the key's type shows whether its numbers make a key. */
function likelyAlgorithm({ kty, crv }: JWK): string {
  if (kty === 'RSA') return 'RS256';
  if (kty === 'OKP') return 'EdDSA';
  return { 'P-384': 'ES384', 'P-521': 'ES512' }[crv ?? ''] ?? 'ES256';
}
