import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Malfunction } from '../../../malfunction.ts';

/**
 * Reads a text file that may change at any time, symbolic links included, as Kubernetes projects tokens. Opened without
 * blocking: a FIFO in its place would hold a thread of the process for good.
 *
 * @param what names it in errors, such as `the subject token's file`
 * @throws Malfunction where it cannot be read, is not a regular file or too long
 */
export async function readBoundedFile(
  what: string,
  path: string,
  max_bytes: number,
): Promise<string> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await handle.stat()).isFile()) throw new Malfunction(`${what} is not a regular file`);
    const bytes = await readUpTo(handle, max_bytes + 1);
    if (bytes.length > max_bytes) {
      throw new Malfunction(`${what} has more than ${max_bytes} bytes`);
    }
    return bytes.toString('utf8');
  } catch (error) {
    if (error instanceof Malfunction) throw error;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new Malfunction(`${what} cannot be read: ${code}`);
  } finally {
    await handle?.close();
  }
}

/** Read by what comes, not by what `stat` says: the file may grow meanwhile. */
async function readUpTo(handle: FileHandle, limit: number): Promise<Buffer> {
  const buffer = Buffer.alloc(limit);
  let length = 0;
  while (length < limit) {
    const { bytesRead } = await handle.read(buffer, length, limit - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}
