import type { JsonObject } from '../../core/json.ts';
import { KeySourceError } from './key-source-error.ts';
import { type Freshness, readFreshness } from './read-freshness.ts';
import { readJsonBody } from './read-json-body.ts';
import { readValidator, type Validator } from './read-validator.ts';

/** What a URL had to say when it was last asked. */
export interface Document<T> {
  url: string;
  content: T;
  freshness: Freshness;
  /** Null where the URL can only be asked for all of it again. */
  validator: Validator | null;
}

interface DocumentRequest<T> {
  url: string;
  /** Names the document in errors, such as `the key set`. */
  what: string;
  /** @throws KeySourceError where the document does not say what it should */
  read: (object: JsonObject) => T | Promise<T>;
  /** What is asked for only if it has changed. */
  previous: Document<T> | undefined;
  /** Whether the issuer itself is to answer, and not a cache on the way (RFC 9111 §5.2.1.4). */
  fromOrigin: boolean;
}

/**
 * Fetches a JSON document, or learns that it is still the same (RFC 9111 §4.3). A redirect is not followed: it could
 * lead anywhere, and whoever can answer with one could answer with keys.
 *
 * @throws KeySourceError saying what is wrong with the answer; whatever `fetch` throws
 */
export async function fetchDocument<T>(
  { url, what, read, previous, fromOrigin }: DocumentRequest<T>,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<Document<T>> {
  const known = previous?.url === url ? previous : undefined;
  const validator = known?.validator ?? null;
  const headers = new Headers({ accept: 'application/json' });
  if (validator !== null) headers.set(validator.header, validator.value);
  if (fromOrigin) headers.set('cache-control', 'no-cache');
  const response = await fetch(url, { headers, redirect: 'manual', signal });
  if (known !== undefined && validator !== null && response.status === 304) {
    await response.body?.cancel();
    return { ...known, freshness: renewed(known.freshness, response.headers) };
  }
  if (response.status !== 200 || response.redirected) {
    await response.body?.cancel();
    throw new KeySourceError(`${what} was answered with status ${response.status}`);
  }
  return {
    url,
    content: await read(await readJsonBody(response, what, signal)),
    freshness: readFreshness(response.headers),
    validator: readValidator(response.headers),
  };
}

/** RFC 9111 §3.2: what a 304 leaves out stays as it was. */
function renewed(previous: Freshness, headers: Headers): Freshness {
  const { max_age_seconds, age_seconds } = readFreshness(headers);
  return { max_age_seconds: max_age_seconds ?? previous.max_age_seconds, age_seconds };
}
