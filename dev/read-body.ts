import type { IncomingMessage } from 'node:http';

/** @returns undefined where it is longer */
export async function readBody(
  request: IncomingMessage,
  max_bytes: number,
): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > max_bytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
