import { Malfunction } from '../../core/malfunction.ts';

export type Answer =
  | { outcome: 'unchanged' }
  /** @property etag asks whether it has changed since; null where the server gives none */
  | { outcome: 'changed'; body: string; etag: string | null };

/** RFC 9110 §8.8.3. Strict, because `*` in `If-None-Match` matches everything there is. */
const ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e]{0,256}"$/;

/**
 * Fetches a policy, or learns that it is still the same. A redirect is not followed: whoever can answer with one could
 * answer with a policy.
 *
 * @param request.type the content type that is demanded; null where any will do
 * @throws Malfunction saying what is wrong with the answer; whatever `fetch` throws
 */
export async function fetchBundle(
  {
    url,
    type,
    etag,
    maxBytes,
  }: { url: string; type: string | null; etag: string | null; maxBytes: number },
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<Answer> {
  const headers = new Headers({ accept: type ?? 'application/yaml, text/yaml, */*;q=0.5' });
  if (etag !== null) headers.set('if-none-match', etag);
  const response = await fetch(url, { headers, redirect: 'manual', signal });
  if (response.status === 304 && etag !== null) {
    await response.body?.cancel();
    return { outcome: 'unchanged' };
  }
  if (response.status !== 200 || response.redirected) {
    await response.body?.cancel();
    throw new Malfunction(`it was answered with status ${response.status}`);
  }
  if (type !== null && mediaType(response.headers) !== type) {
    await response.body?.cancel();
    throw new Malfunction(`the answer is not of content type ${type}`);
  }
  // Otherwise a connection that breaks looks like an end, and half a policy can be a policy without its last denies.
  if (!response.headers.has('content-length') && !response.headers.has('transfer-encoding')) {
    await response.body?.cancel();
    throw new Malfunction('the answer does not say where it ends');
  }
  const body = await readText(response, maxBytes, signal);
  const tag = response.headers.get('etag') ?? '';
  return { outcome: 'changed', body, etag: ENTITY_TAG.test(tag) ? tag : null };
}

function mediaType(headers: Headers): string {
  return (headers.get('content-type') ?? '').split(';', 1).join('').trim().toLowerCase();
}

async function readText(
  response: Response,
  maxBytes: number,
  signal: AbortSignal,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    // Leaving the loop cancels the stream.
    signal.throwIfAborted();
    size += chunk.byteLength;
    if (size > maxBytes) throw new Malfunction(`the answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return decodeText(Buffer.concat(chunks));
}

/** @throws Malfunction where it is not UTF-8 */
export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Malfunction('it is not UTF-8');
  }
}
