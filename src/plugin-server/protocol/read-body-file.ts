import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** More than any stage reads of a body (`max_body_bytes` of policy-evaluator goes up to as much). */
const MAX_BYTES = 1024 * 1024;

/**
 * Reads a body that Kong holds in a file, as it does with any beyond `client_body_buffer_size`. The file is there until
 * Kong has done with the request. Opened without following a link and without blocking: something else in its place would
 * be read in Kong's name, or stop the process.
 *
 * @throws Error without anything of the body in it
 */
export async function readBodyFile(file: string): Promise<Buffer> {
  const handle = await open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: unknown) => {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new Error(`the body is in a file of Kong's that cannot be opened: ${reason}`);
  });
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new Error('the body is not in a regular file');
    if (stat.size > MAX_BYTES) throw new Error(`the body has more than ${MAX_BYTES} bytes`);
    const buffer = Buffer.alloc(stat.size);
    for (let filled = 0; filled < buffer.length; ) {
      const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, filled);
      if (bytesRead === 0) throw new Error("Kong's file of the body has become shorter");
      filled += bytesRead;
    }
    return buffer;
  } finally {
    await handle.close();
  }
}

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
