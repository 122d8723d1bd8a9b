import { createLocalJWKSet } from 'jose';
import { isSecureUrl } from '../../core/config/fields.ts';
import { fetchJson } from './fetch-json.ts';
import { KeySourceError } from './key-source-error.ts';
import { usableKeys } from './usable-keys.ts';

/** Where an issuer's keys come from. */
export interface KeySource {
  issuer: string;
  /** Left out, discovery tells it. */
  jwks_uri?: string | undefined;
}

/** Finds the key for a JOSE header. */
export type KeySet = ReturnType<typeof createLocalJWKSet>;

const MAX_KEYS = 100;

/**
 * Fetches an issuer's keys, by way of OpenID Connect Discovery 1.0 §4 unless `jwks_uri` is configured.
 *
 * @returns the keys that can verify signatures and how many they are; none is an answer too, since an issuer in
 *   trouble may withdraw every key it has
 * @throws KeySourceError on a wrong answer; whatever `fetch` throws
 */
export async function loadKeys(
  source: KeySource,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<{ keys: KeySet; count: number }> {
  const jwks_uri = source.jwks_uri ?? (await discover(source.issuer, fetch, signal));
  const { keys } = await fetchJson(fetch, jwks_uri, 'the key set', signal);
  if (!Array.isArray(keys)) throw new KeySourceError('the key set has no array of keys');
  if (keys.length > MAX_KEYS) throw new KeySourceError(`the key set has over ${MAX_KEYS} keys`);
  const usable = await usableKeys(keys);
  return { keys: createLocalJWKSet({ keys: usable }), count: usable.length };
}

async function discover(
  issuer: string,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const document = await fetchJson(fetch, url, 'the discovery document', signal);
  // Discovery 1.0 §4.3: otherwise one issuer could publish keys in another's name.
  if (document.issuer !== issuer) {
    throw new KeySourceError('the discovery document names another issuer');
  }
  const { jwks_uri } = document;
  if (typeof jwks_uri !== 'string' || !isSecureUrl(jwks_uri)) {
    throw new KeySourceError('the discovery document has no secure jwks_uri');
  }
  return jwks_uri;
}
