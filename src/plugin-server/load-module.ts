import { readFile, realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { isJsonObject } from '../core/json.ts';

/**
 * Loads a CommonJS or an ES module.
 *
 * What is sure to be CommonJS is not imported: `import` searches its text for the names of its exports before it runs it,
 * and for a file with all its libraries that is a third of the time that a worker takes to start.
 *
 * @returns the module as `import` has it: what CommonJS exports is under `default`
 */
export async function loadModule(file: string): Promise<unknown> {
  return (await isCommonJs(file))
    ? { default: createRequire(file)(file) }
    : import(pathToFileURL(file).href);
}

/** Whether its ending or the nearest package.json says so; without a word of theirs Node looks into the file. */
async function isCommonJs(file: string): Promise<boolean> {
  const ending = path.extname(file);
  if (ending !== '.js') return ending === '.cjs';
  let directory = path.dirname(await realpath(file));
  for (;;) {
    const text = await readFile(path.join(directory, 'package.json'), 'utf8').catch(
      () => undefined,
    );
    if (text !== undefined) return typeIn(text) === 'commonjs';
    const above = path.dirname(directory);
    if (above === directory) return false;
    directory = above;
  }
}

function typeIn(manifest: string): unknown {
  try {
    const parsed: unknown = JSON.parse(manifest);
    return isJsonObject(parsed) ? parsed.type : undefined;
  } catch {
    return undefined;
  }
}
