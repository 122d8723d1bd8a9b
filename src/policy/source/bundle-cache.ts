import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { isJsonObject } from '../../core/json.ts';
import { Malfunction } from '../../core/malfunction.ts';

/** Keeps the last good policy of a URL across restarts. */
export interface BundleCache {
  /**
   * @returns what was kept, as it was published; null where there is nothing
   * @throws Malfunction where there is something that cannot be used
   */
  read(): Promise<string | null>;
  /** @throws Malfunction where it could not be written; what was kept before is then still there */
  write(body: string): Promise<void>;
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** One file for each URL, which says the URL again: files that somebody has exchanged are not taken for one another. */
export function createBundleCache(directory: string, url: string, maxBytes: number): BundleCache {
  const name = `${createHash('sha256').update(url).digest('hex')}.json`;
  const file = path.resolve(directory, name);
  return {
    async read() {
      let handle: FileHandle;
      try {
        handle = await open(file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return null;
        throw new Malfunction(`${file} cannot be read: ${codeOf(error)}`);
      }
      try {
        await checkOwner(handle, file, maxBytes);
        return parse(await handle.readFile('utf8'), url, file);
      } catch (error) {
        if (error instanceof Malfunction) throw error;
        throw new Malfunction(`${file} cannot be read: ${codeOf(error)}`);
      } finally {
        await handle.close();
      }
    },
    async write(body) {
      const temporary = `${file}.${randomUUID()}`;
      try {
        await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
        const handle = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
        try {
          await handle.writeFile(JSON.stringify({ url, body }));
          // Otherwise a rename may outlive a loss of power that the content does not.
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(temporary, file);
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => {});
        throw new Malfunction(`${file} cannot be written: ${codeOf(error)}`);
      }
    },
  };
}

/** An unsigned policy is worth what its file is: in a directory that others may write to, anybody could have put it there. */
async function checkOwner(handle: FileHandle, file: string, maxBytes: number): Promise<void> {
  const stat = await handle.stat();
  if (!stat.isFile()) throw new Malfunction(`${file} is not a regular file`);
  if (stat.uid !== process.getuid?.() || (stat.mode & 0o022) !== 0) {
    throw new Malfunction(`${file} is not this user's alone to write`);
  }
  // As a JSON string, a text may be six times as long.
  if (stat.size > 6 * maxBytes + 4096) throw new Malfunction(`${file} is too long`);
}

function parse(text: string, url: string, file: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  if (!isJsonObject(value) || value.url !== url || typeof value.body !== 'string') {
    throw new Malfunction(`${file} is not what was written`);
  }
  return value.body;
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error';
}
