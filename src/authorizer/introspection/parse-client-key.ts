import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { ConfigError } from '../../core/config-error.ts';
import { type JsonObject, ownMember } from '../../core/json.ts';
import { parseIJson } from '../../core/parse-i-json.ts';

/** The key that a client signs its assertions with. */
export interface ClientKey {
  privateKey: KeyObject;
  alg: string;
  /** Where the key came as a JWK that has one. */
  kid?: string;
}

const WHERE = 'introspection.client_key';

/** RFC 7518 §3.3, §3.5: smaller keys must not be used. */
const MIN_RSA_BITS = 2048;

/**
 * Parses a private key of RSA, EC P-256 or Ed25519, in PEM or as a JWK. Signatures are RS256, ES256 or EdDSA, unless
 * the JWK's `alg` says PS256 or Ed25519: every authorization server knows the former (OpenID Connect Core 1.0 §9).
 *
 * @throws ConfigError saying what is wrong with the key, never with anything of it
 */
export function parseClientKey(text: string): ClientKey {
  const trimmed = text.trim();
  if (trimmed.startsWith('{vault://')) throw bad('is a vault reference that Kong did not resolve');
  const jwk = trimmed.startsWith('{') ? parseJwk(trimmed) : null;
  const privateKey = importKey(jwk ?? trimmed);
  const algorithms = algorithmsOf(privateKey);
  const alg = jwk === null ? undefined : ownMember(jwk, 'alg');
  const chosen = alg === undefined ? algorithms[0] : algorithms.find((one) => one === alg);
  if (chosen === undefined) throw bad(`has an alg other than ${algorithms.join(' or ')}`);
  if (!canSign(privateKey)) throw bad('does not verify what it signs: its numbers make no key');
  const kid = jwk === null ? undefined : ownMember(jwk, 'kid');
  return { privateKey, alg: chosen, ...(typeof kid === 'string' ? { kid } : {}) };
}

function parseJwk(text: string): JsonObject {
  const jwk = parseIJson(Buffer.from(text));
  if (jwk === null) throw bad('is not a JSON object');
  const use = ownMember(jwk, 'use');
  const operations = ownMember(jwk, 'key_ops');
  if (use !== undefined && use !== 'sig') throw bad('is not a key for signing (use)');
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('sign'))) {
    throw bad('is not a key for signing (key_ops)');
  }
  const kid = ownMember(jwk, 'kid');
  if (kid !== undefined && typeof kid !== 'string') throw bad('has a kid that is not a string');
  if (typeof ownMember(jwk, 'd') !== 'string') throw bad('is a JWK, but not of a private key');
  return jwk;
}

/** The library's message may quote the key, so it is not passed on. */
function importKey(key: JsonObject | string): KeyObject {
  try {
    return typeof key === 'string'
      ? createPrivateKey(key)
      : createPrivateKey({ key, format: 'jwk' });
  } catch {
    throw bad('must be a private key in PEM, not encrypted, or as a JWK');
  }
}

function algorithmsOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string[] {
  switch (asymmetricKeyType) {
    case 'rsa':
      if ((asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS) return ['RS256', 'PS256'];
      throw bad(`is an RSA key of less than ${MIN_RSA_BITS} bits`);
    case 'ec':
      if (asymmetricKeyDetails?.namedCurve === 'prime256v1') return ['ES256'];
      break;
    case 'ed25519':
      return ['EdDSA', 'Ed25519'];
  }
  throw bad('must be a key of RSA, EC P-256 or Ed25519');
}

/** Numbers of a JWK that do not belong together are found here rather than by the authorization server. */
function canSign(privateKey: KeyObject): boolean {
  const data = Buffer.from('trial');
  const digest = privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  try {
    return verify(digest, data, createPublicKey(privateKey), sign(digest, data, privateKey));
  } catch {
    return false;
  }
}

function bad(problem: string): ConfigError {
  return new ConfigError([`${WHERE}: ${problem}`]);
}
