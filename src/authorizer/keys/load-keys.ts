import { createLocalJWKSet } from 'jose';
import { isSecureUrl } from '../../core/config/fields.ts';
import type { JsonObject } from '../../core/json.ts';
import { type Document, fetchDocument } from './fetch-document.ts';
import { KeySourceError } from './key-source-error.ts';
import { usableKeys } from './usable-keys.ts';

/** Where an issuer's keys come from. */
export interface KeySource {
  readonly issuer: string;
  /** Left out, discovery tells it. */
  readonly jwks_uri?: string | undefined;
}

/** Finds the key for a JOSE header. Another object means other keys, so what is derived from keys may hang on it. */
export type KeySet = ReturnType<typeof createLocalJWKSet>;

/** What an issuer publishes of its keys. */
export interface PublishedKeys {
  /** Tells the `jwks_uri`. Left out where that is configured. */
  discovery?: Document<string>;
  /** Null where no key of it can verify signatures: an answer too, since an issuer in trouble may withdraw all it has. */
  keySet: Document<KeySet | null>;
}

const MAX_KEYS = 100;

/**
 * Fetches an issuer's keys, by way of OpenID Connect Discovery 1.0 §4 unless `jwks_uri` is configured.
 *
 * @param previous what the issuer published before; where the keys are still the same ones, so is their object
 * @param fromOrigin whether a cache on the way will not do, since a key is looked for that it may not know
 * @throws KeySourceError on a wrong answer; whatever `fetch` throws
 */
export async function loadKeys(
  { issuer, jwks_uri }: KeySource,
  { previous, fromOrigin }: { previous: PublishedKeys | undefined; fromOrigin: boolean },
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<PublishedKeys> {
  const loadKeySet = (url: string) =>
    fetchDocument(
      {
        url,
        what: 'the key set',
        read: (object) => readKeySet(object, previous?.keySet.content ?? null),
        previous: previous?.keySet,
        fromOrigin,
      },
      fetch,
      signal,
    );
  if (jwks_uri !== undefined) return { keySet: await loadKeySet(jwks_uri) };
  const discovery = await fetchDocument(
    {
      url: `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
      what: 'the discovery document',
      read: (object) => readJwksUri(object, issuer),
      previous: previous?.discovery,
      fromOrigin,
    },
    fetch,
    signal,
  );
  return { discovery, keySet: await loadKeySet(discovery.content) };
}

function readJwksUri(discovery: JsonObject, issuer: string): string {
  // Discovery 1.0 §4.3: otherwise one issuer could publish keys in another's name.
  if (discovery.issuer !== issuer) {
    throw new KeySourceError('the discovery document names another issuer');
  }
  const { jwks_uri } = discovery;
  if (typeof jwks_uri !== 'string' || !isSecureUrl(jwks_uri)) {
    throw new KeySourceError('the discovery document has no secure jwks_uri');
  }
  return jwks_uri;
}

async function readKeySet({ keys }: JsonObject, previous: KeySet | null): Promise<KeySet | null> {
  if (!Array.isArray(keys)) throw new KeySourceError('the key set has no array of keys');
  if (keys.length > MAX_KEYS) throw new KeySourceError(`the key set has over ${MAX_KEYS} keys`);
  const usable = await usableKeys(keys);
  if (usable.length === 0) return null;
  const current = createLocalJWKSet({ keys: usable });
  return previous !== null && isSame(previous, current) ? previous : current;
}

/** Each key as `usableKeys` writes it, in the order of the set: what else an issuer writes there verifies nothing. */
function isSame(one: KeySet, other: KeySet): boolean {
  return JSON.stringify(one.jwks()) === JSON.stringify(other.jwks());
}
