import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { isJsonObject } from '../core/json.ts';
import { Malfunction } from '../core/malfunction.ts';

const EXTENSIONS = ['.js', '.cjs', '.mjs'];

/**
 * The file to load for an entry of the plugins' directory: itself, or the main or index file of a directory.
 *
 * @returns undefined for what is no plugin
 * @throws Malfunction for a package without a file to load, or an entry that cannot be read
 */
export async function findPluginFile(entry: string): Promise<string | undefined> {
  const found = await stat(entry).catch((error: NodeJS.ErrnoException) => {
    throw new Malfunction(`${entry}: cannot be read: ${error.code}`);
  });
  if (!found.isDirectory()) return EXTENSIONS.includes(path.extname(entry)) ? entry : undefined;
  const main = await mainOf(entry);
  const index = EXTENSIONS.map((extension) => `index${extension}`);
  for (const candidate of main === undefined ? index : [main, ...index]) {
    const file = path.join(entry, candidate);
    if (await isFile(file)) return file;
  }
  if (main === undefined) return undefined;
  throw new Malfunction(`${entry}: package.json names the file ${main}, which is not there`);
}

/** The file that a package.json names, in the plainest forms: `main`, or `exports` as text. */
async function mainOf(directory: string): Promise<string | undefined> {
  const manifest = path.join(directory, 'package.json');
  const text = await readFile(manifest, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new Malfunction(`${manifest}: cannot be read: ${error.code}`);
  });
  if (text === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    const named = isJsonObject(parsed) ? (parsed.main ?? parsed.exports) : undefined;
    return typeof named === 'string' ? named : undefined;
  } catch {
    throw new Malfunction(`${manifest}: is no JSON`);
  }
}

async function isFile(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}
