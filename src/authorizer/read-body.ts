/**
 * Reads a response's body.
 *
 * @returns null where it is larger than `max_bytes`; the rest is then not read
 * @throws whatever reading throws; the reason of `signal` once that is aborted
 */
export async function readBody(
  response: Response,
  max_bytes: number,
  signal: AbortSignal,
): Promise<Buffer | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    // Leaving the loop cancels the stream.
    signal.throwIfAborted();
    size += chunk.byteLength;
    if (size > max_bytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
