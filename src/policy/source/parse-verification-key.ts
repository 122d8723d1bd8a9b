import { createPublicKey, type KeyObject } from 'node:crypto';
import { ConfigError } from '../../core/config-error.ts';
import { type JsonObject, ownMember } from '../../core/json.ts';
import { parseIJson } from '../../core/parse-i-json.ts';

/** The public key of somebody who may sign grants or policies. */
export interface VerificationKey {
  readonly publicKey: KeyObject;
  /** The JWS algorithms that it verifies: by its type, never by what a header asks for (RFC 8725 §3.1). */
  readonly algorithms: readonly string[];
  readonly kid: string | undefined;
}

/** RFC 7518 §3.3, §3.5: smaller keys must not be used. */
const MIN_RSA_BITS = 2048;

/** Of private and of symmetric keys (RFC 7518 §6.2.2, §6.3.2, §6.4, RFC 8037 §2). */
const SECRET_MEMBERS = ['d', 'k', 'p', 'q', 'dp', 'dq', 'qi', 'oth'];

/**
 * Parses a public key of RSA, EC P-256 or Ed25519, in PEM or as a JWK.
 *
 * @param where the config field, for errors
 * @throws ConfigError saying what is wrong with the key, never with anything of it
 */
export function parseVerificationKey(text: string, where: string): VerificationKey {
  const trimmed = text.trim();
  const jwk = trimmed.startsWith('{') ? parseJwk(trimmed, where) : null;
  // A public key could be derived of a private one, which then lies where it should not.
  if (jwk === null && !/^-----BEGIN (?:RSA )?PUBLIC KEY-----/.test(trimmed)) {
    throw bad(where, 'must be a public key in PEM or as a JWK');
  }
  const publicKey = importKey(jwk ?? trimmed, where);
  const possible = algorithmsOf(publicKey, where);
  const alg = jwk === null ? undefined : ownMember(jwk, 'alg');
  const algorithms = alg === undefined ? possible : possible.filter((one) => one === alg);
  if (algorithms.length === 0) {
    throw bad(where, `has an alg other than ${possible.join(' or ')}`);
  }
  const kid = jwk === null ? undefined : ownMember(jwk, 'kid');
  return { publicKey, algorithms, kid: typeof kid === 'string' ? kid : undefined };
}

function parseJwk(text: string, where: string): JsonObject {
  const jwk = parseIJson(Buffer.from(text));
  if (jwk === null) throw bad(where, 'is not a JSON object');
  if (SECRET_MEMBERS.some((name) => Object.hasOwn(jwk, name))) {
    throw bad(where, 'is not a public key');
  }
  const use = ownMember(jwk, 'use') ?? 'sig';
  const operations = ownMember(jwk, 'key_ops') ?? ['verify'];
  if (use !== 'sig' || !Array.isArray(operations) || !operations.includes('verify')) {
    throw bad(where, 'is not a key for verifying signatures (use, key_ops)');
  }
  const kid = ownMember(jwk, 'kid') ?? '';
  if (typeof kid !== 'string') throw bad(where, 'has a kid that is not a string');
  return jwk;
}

function importKey(key: JsonObject | string, where: string): KeyObject {
  try {
    return typeof key === 'string' ? createPublicKey(key) : createPublicKey({ key, format: 'jwk' });
  } catch {
    throw bad(where, 'must be a public key in PEM or as a JWK');
  }
}

function algorithmsOf(key: KeyObject, where: string): string[] {
  const { asymmetricKeyType, asymmetricKeyDetails } = key;
  switch (asymmetricKeyType) {
    case 'rsa':
      if ((asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS) return ['RS256', 'PS256'];
      throw bad(where, `is an RSA key of less than ${MIN_RSA_BITS} bits`);
    case 'ec':
      if (asymmetricKeyDetails?.namedCurve === 'prime256v1') return ['ES256'];
      break;
    case 'ed25519':
      return ['EdDSA', 'Ed25519'];
  }
  throw bad(where, 'must be a key of RSA, EC P-256 or Ed25519');
}

function bad(where: string, problem: string): ConfigError {
  return new ConfigError([`${where}: ${problem}`]);
}
