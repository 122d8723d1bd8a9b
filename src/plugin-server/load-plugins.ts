import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { Malfunction } from '../core/malfunction.ts';
import { withinTime } from '../core/within-time.ts';
import { findPluginFile } from './find-plugin-file.ts';
import { loadModule } from './load-module.ts';
import type { LoadedPlugin } from './loaded-plugin.ts';
import { readPluginModule } from './read-plugin-module.ts';

export type { LoadedPlugin };

/** A module that awaits something at its top level may take a while; one that never ends must be told of. */
const LOAD_WITHIN_MS = 30_000;

/**
 * Loads every plugin of a directory: files that end in .js, .cjs or .mjs, and directories that are packages or have an
 * index file. Files of other kinds, dot-files and node_modules are passed over.
 *
 * Whatever a plugin does while it loads is done to this process: it may write to standard output and it may exit.
 *
 * @param directory absolute, or relative to the working directory
 * @returns plugins by name, in the order of their files' names
 * @throws Malfunction that names the file, where one does not load or is no plugin, and where two have the same name: a
 *   server that lacks a plugin would let requests through that the plugin is to refuse
 */
export async function loadPlugins(directory: string): Promise<Map<string, LoadedPlugin>> {
  const plugins = new Map<string, LoadedPlugin>();
  for (const entry of await entriesOf(path.resolve(directory))) {
    const file = await findPluginFile(entry);
    if (file === undefined) continue;
    const plugin = await load(file, file === entry ? path.parse(entry).name : path.basename(entry));
    const other = plugins.get(plugin.name);
    if (other !== undefined) {
      throw new Malfunction(
        `${file}: there is a plugin "${plugin.name}" already, in ${other.file}; rename or remove one`,
      );
    }
    plugins.set(plugin.name, plugin);
  }
  if (plugins.size === 0) {
    throw new Malfunction(`${directory}: no plugin is there; a plugin is a .js, .cjs or .mjs file`);
  }
  return plugins;
}

async function entriesOf(directory: string): Promise<string[]> {
  try {
    const names = await readdir(directory);
    return names
      .filter((name) => !name.startsWith('.') && name !== 'node_modules')
      .sort()
      .map((name) => path.join(directory, name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Malfunction(`${directory}: the plugins' directory cannot be read: ${code}`);
  }
}

async function load(file: string, fallbackName: string): Promise<LoadedPlugin> {
  try {
    const module: unknown = await withinTime(
      LOAD_WITHIN_MS,
      () => loadModule(file),
      () => new Malfunction(`did not finish loading within ${LOAD_WITHIN_MS} ms`),
    );
    return readPluginModule(module, file, fallbackName);
  } catch (error) {
    throw new Malfunction(`${file}: ${reasonOf(error)}`, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Malfunction) return error.message;
  if (!(error instanceof Error)) return `threw ${String(error)} while loading`;
  // For a syntax error only the stack says where: it begins with the place.
  const place = /^\S*?([^/\s]+:\d+)$/m.exec(error.stack ?? '')?.[1];
  const where = error instanceof SyntaxError && place !== undefined ? ` (${place})` : '';
  return `does not load: ${error.name}: ${error.message}${where}`;
}
