export type KeyType =
  | { kty: 'RSA' }
  /** `octets`: of each coordinate. */
  | { kty: 'EC'; crv: string; octets: number }
  | { kty: 'OKP'; crv: 'Ed25519' };

const RSA: KeyType = { kty: 'RSA' };
const ED25519: KeyType = { kty: 'OKP', crv: 'Ed25519' };

/** The keys of each algorithm that can prove possession: with an HMAC, whoever can verify it can forge it as well. */
const KEY_TYPES: ReadonlyMap<string, KeyType> = new Map<string, KeyType>([
  ['RS256', RSA],
  ['RS384', RSA],
  ['RS512', RSA],
  ['PS256', RSA],
  ['PS384', RSA],
  ['PS512', RSA],
  ['ES256', { kty: 'EC', crv: 'P-256', octets: 32 }],
  ['ES384', { kty: 'EC', crv: 'P-384', octets: 48 }],
  ['ES512', { kty: 'EC', crv: 'P-521', octets: 66 }],
  ['EdDSA', ED25519],
  ['Ed25519', ED25519],
]);

/** The kind of key that an asymmetric signature algorithm takes; undefined for any other algorithm. */
export function keyTypeOf(alg: string): KeyType | undefined {
  return KEY_TYPES.get(alg);
}
