/**
 * Builds what Kong loads into dist/:
 * - `plugins/<name>.js`: one self-contained CommonJS file per plugin, so that the folder can be dropped into any
 *   Kong image. The folder holds nothing else: the stock plugin server takes every entry for a plugin.
 * - `plugin-info/<name>.json`: what a `query_cmd` must print for exactly that plugin;
 * - `guard.cjs`: what the stock plugin server is to be started with.
 */
import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from 'esbuild';
import type { KongPlugin } from '../src/kong/define-plugin.ts';
import { pluginInfo } from '../src/kong/plugin-info.ts';

const root = path.resolve(import.meta.dirname, '..');
const dist = path.join(root, 'dist');

const entryPoints = (await readdir(path.join(root, 'plugins'))).map((file) =>
  path.join(root, 'plugins', file),
);
await rm(dist, { recursive: true, force: true });
await build({
  entryPoints,
  outdir: path.join(dist, 'plugins'),
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  legalComments: 'eof',
  logLevel: 'warning',
});
// The repository is an ES module package; what Kong's server loads is CommonJS.
await writeFile(path.join(dist, 'package.json'), '{ "type": "commonjs" }\n');
await mkdir(path.join(dist, 'plugin-info'));
const require = createRequire(import.meta.url);
for (const entryPoint of entryPoints) {
  const { name } = path.parse(entryPoint);
  const plugin = require(path.join(dist, 'plugins', `${name}.js`)) as KongPlugin;
  const info = `${JSON.stringify([pluginInfo(plugin)])}\n`;
  await writeFile(path.join(dist, 'plugin-info', `${name}.json`), info);
}
await copyFile(path.join(root, 'src/stock-plugin-server/guard.cjs'), path.join(dist, 'guard.cjs'));
