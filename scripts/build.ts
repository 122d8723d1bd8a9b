/**
 * Builds dist/, which needs nothing but Node:
 * - `plugins/<name>.js`: one self-contained CommonJS file per plugin, so that the folder can be dropped into any
 *   Kong image. The folder holds nothing else: the stock plugin server takes every entry for a plugin.
 * - `cloud-run-auth.cjs`: the command line, our plugin server included;
 * - `plugin-info/<name>.json`: what a `query_cmd` must print for exactly that plugin where our server runs it, and
 *   `plugin-info/stock/<name>.json` where the stock one does;
 * - `guard.cjs`: what the stock plugin server is to be started with.
 */
import { chmod, copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { loadPlugins } from '../src/plugin-server/load-plugins.ts';
import { msgPackDocument, protoBufDocument } from '../src/plugin-server/plugin-info.ts';
import { BUNDLE, buildProgram } from './build/build-program.ts';
import { replaceFolder } from './build/replace-folder.ts';

const root = path.resolve(import.meta.dirname, '..');

/** A server may be running from dist/, and another build may be under way: nobody is to see half a folder. */
const folder = await mkdtemp(path.join(root, 'dist.'));
try {
  await buildInto(folder);
  await replaceFolder(path.join(root, 'dist'), folder);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function buildInto(dist: string): Promise<void> {
  await chmod(dist, 0o755);
  const plugins = path.join(dist, 'plugins');
  const entryPoints = (await readdir(path.join(root, 'plugins'))).map((file) =>
    path.join(root, 'plugins', file),
  );
  await build({ ...BUNDLE, entryPoints, outdir: plugins });
  // The repository is an ES module package; what Kong's server loads is CommonJS.
  await writeFile(path.join(dist, 'package.json'), '{ "type": "commonjs" }\n');

  await buildProgram(path.join(dist, 'cloud-run-auth.cjs'));
  const info = path.join(dist, 'plugin-info');
  await mkdir(path.join(info, 'stock'), { recursive: true });
  for (const plugin of (await loadPlugins(plugins)).values()) {
    const file = `${plugin.name}.json`;
    await writeFile(path.join(info, file), line(protoBufDocument(plugin)));
    await writeFile(path.join(info, 'stock', file), line(msgPackDocument(plugin)));
  }
  await copyFile(
    path.join(root, 'src/stock-plugin-server/guard.cjs'),
    path.join(dist, 'guard.cjs'),
  );
}

function line(document: object): string {
  return `${JSON.stringify(document)}\n`;
}
