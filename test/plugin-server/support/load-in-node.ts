import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import type { LoadedPlugin } from '../../../src/plugin-server/load-plugins.ts';

type Loaded = Omit<LoadedPlugin, 'Plugin'>;

const SCRIPT = `
  import { loadPlugins } from './src/plugin-server/load-plugins.ts';
  process.on('message', (directory) => {
    loadPlugins(directory).then(
      (plugins) => process.send({ plugins: [...plugins.values()] }),
      (error) => process.send({ problem: error.message }),
    );
  });
`;

/**
 * `loadPlugins` as it runs once it is built: in a process of Node alone. Vitest would load plugins in its own way, which
 * takes what Node refuses.
 */
export async function startLoader() {
  const folder = mkdtempSync(path.join(tmpdir(), 'loader-'));
  const program = path.join(folder, 'loader.cjs');
  const resolveDir = path.resolve(import.meta.dirname, '../../..');
  await build({
    stdin: { contents: SCRIPT, resolveDir },
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'cjs',
  });
  const child: ChildProcess = fork(program, { execArgv: [], stdio: ['ignore', 1, 2, 'ipc'] });
  return {
    /** @throws Error with what `loadPlugins` threw */
    async load(directory: string): Promise<Loaded[]> {
      child.send(directory);
      const [answer] = (await once(child, 'message')) as [
        { plugins: Loaded[] } | { problem: string },
      ];
      if ('problem' in answer) throw new Error(answer.problem);
      return answer.plugins;
    },
    async stop() {
      child.kill();
      await once(child, 'exit');
      rmSync(folder, { recursive: true });
    },
  };
}
