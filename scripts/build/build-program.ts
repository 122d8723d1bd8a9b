import { chmod } from 'node:fs/promises';
import path from 'node:path';
import { type BuildOptions, build } from 'esbuild';

/** One self-contained CommonJS file for each entry. */
export const BUNDLE: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  legalComments: 'eof',
  logLevel: 'warning',
};

/** Builds the command line into a file that can be run as it is, wherever Node is. */
export async function buildProgram(outfile: string): Promise<void> {
  await build({
    ...BUNDLE,
    entryPoints: [path.resolve(import.meta.dirname, '../../src/cli/main.ts')],
    outfile,
    banner: { js: '#!/usr/bin/env node' },
    define: { 'import.meta.dirname': '__dirname' },
  });
  await chmod(outfile, 0o755);
}
