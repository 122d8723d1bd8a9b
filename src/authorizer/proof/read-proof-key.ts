import { isJsonObject, type JsonObject, type JsonValue, ownMember } from '../../core/json.ts';
import type { InvalidDpopProofReason } from './invalid-dpop-proof.ts';
import { type KeyType, keyTypeOf } from './key-type-of.ts';

/** The members that make the key, in the order in which RFC 7638 §3 hashes them: one key, one text. */
export type ProofKey =
  | { readonly e: string; readonly kty: 'RSA'; readonly n: string }
  | { readonly crv: string; readonly kty: 'EC'; readonly x: string; readonly y: string }
  | { readonly crv: string; readonly kty: 'OKP'; readonly x: string };

export type ProofKeyReading =
  | { outcome: 'key'; key: ProofKey }
  | { outcome: 'invalid'; reason: InvalidDpopProofReason };

/** Of private and of symmetric keys (RFC 7518 §6.2.2, §6.3.2, §6.4, RFC 8037 §2). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv', 'seed'];

/** RFC 7518 §3.3 asks for the one; the other bounds what a stranger can make a verification cost. */
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;

/**
 * Reads the public key that a DPoP proof brings along (RFC 9449 §4.2, §4.3 items 5 and 7). Its numbers must be written
 * as RFC 7518 §6 and RFC 8037 §2 have them, and must not be such that everyone could sign with the key.
 *
 * @param alg the asymmetric algorithm that the proof is signed with
 */
export function readProofKey(jwk: JsonValue | undefined, alg: string): ProofKeyReading {
  if (!isJsonObject(jwk)) return invalid('no_key');
  if (SECRET_MEMBERS.some((name) => Object.hasOwn(jwk, name))) return invalid('not_a_public_key');
  const type = keyTypeOf(alg);
  if (type === undefined || !isMeantFor(jwk, alg, type)) return invalid('wrong_key');
  const key = readKey(jwk, type);
  return key === null ? invalid('unusable_key') : { outcome: 'key', key };
}

function invalid(reason: InvalidDpopProofReason): ProofKeyReading {
  return { outcome: 'invalid', reason };
}

/** RFC 7517 §4.2 to §4.4: what a key says of its use is optional and binding. */
function isMeantFor(jwk: JsonObject, alg: string, type: KeyType): boolean {
  if (ownMember(jwk, 'kty') !== type.kty) return false;
  if ('crv' in type && ownMember(jwk, 'crv') !== type.crv) return false;
  const use = ownMember(jwk, 'use') ?? 'sig';
  const operations = ownMember(jwk, 'key_ops') ?? ['verify'];
  const only = ownMember(jwk, 'alg') ?? alg;
  return (
    use === 'sig' && Array.isArray(operations) && operations.includes('verify') && only === alg
  );
}

function readKey(jwk: JsonObject, type: KeyType): ProofKey | null {
  if (type.kty === 'RSA') {
    const e = readNumber(jwk, 'e');
    const n = readNumber(jwk, 'n');
    return e && n && isSoundExponent(e.bytes) && isSoundModulus(n.bytes)
      ? { e: e.text, kty: 'RSA', n: n.text }
      : null;
  }
  const x = readNumber(jwk, 'x');
  if (type.kty === 'OKP') {
    return x?.bytes.length === 32 && !hasSmallOrder(x.bytes)
      ? { crv: type.crv, kty: 'OKP', x: x.text }
      : null;
  }
  const y = readNumber(jwk, 'y');
  return x?.bytes.length === type.octets && y?.bytes.length === type.octets
    ? { crv: type.crv, kty: 'EC', x: x.text, y: y.text }
    : null;
}

/** Canonical base64url only: two texts of one key would have two thumbprints. */
function readNumber(jwk: JsonObject, name: string): { text: string; bytes: Buffer } | null {
  const text = ownMember(jwk, name);
  if (typeof text !== 'string') return null;
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? { text, bytes } : null;
}

/** Odd and above 2^16 (FIPS 186-5 §A.1.1), which rules out 1; below 2^32, which no real key exceeds. */
function isSoundExponent(bytes: Buffer): boolean {
  if (bytes.length < 3 || bytes.length > 4 || bytes[0] === 0) return false;
  const exponent = bytes.readUIntBE(0, bytes.length);
  return exponent > 65_536 && exponent % 2 === 1;
}

function isSoundModulus(bytes: Buffer): boolean {
  const first = bytes[0] ?? 0;
  if (first === 0) return false;
  const bits = (bytes.length - 1) * 8 + (32 - Math.clz32(first));
  return bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS;
}

/** The y-coordinates that points of an order up to 8 have. The last two, from 2^255 - 19 on, stand for 0 and 1. */
const SMALL_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

/** Whether signatures by this Ed25519 key can be made without any secret. OpenSSL takes such keys. */
function hasSmallOrder(x: Buffer): boolean {
  const y = Buffer.from(x);
  // The topmost bit is the sign of the x-coordinate (RFC 8032 §5.1.2).
  y[31] = (y[31] ?? 0) & 0x7f;
  return SMALL_ORDER.has(y.toString('hex'));
}
