import type { JsonObject } from '../../core/json.ts';
import { parseIJson } from '../token/parse-i-json.ts';
import { KeySourceError } from './key-source-error.ts';

const MAX_BYTES = 262_144;

/**
 * Fetches one JSON object of at most 256 KiB. A redirect is not followed: it could lead anywhere, and whoever can
 * answer with one could answer with keys.
 *
 * @param what names the document in errors, such as `the key set`
 * @throws KeySourceError saying what is wrong with the answer; whatever `fetch` throws
 */
export async function fetchJson(
  fetch: typeof globalThis.fetch,
  url: string,
  what: string,
  signal: AbortSignal,
): Promise<JsonObject> {
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    redirect: 'manual',
    signal,
  });
  if (response.status !== 200 || response.redirected) {
    await response.body?.cancel();
    throw new KeySourceError(`${what} was answered with status ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (size > MAX_BYTES) throw new KeySourceError(`${what} is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  const object = parseIJson(Buffer.concat(chunks));
  if (object === null) throw new KeySourceError(`${what} is not a JSON object`);
  return object;
}
