import { createRequire } from 'node:module';
import path from 'node:path';
import type { PluginServer } from './plugin-server.ts';
import { ServerProcess } from './server-process.ts';

export interface StockPluginServerOptions {
  socket: string;
  pluginsDirectory: string;
  /** A module to load before it. */
  preload: string;
  workingDirectory: string;
  env: NodeJS.ProcessEnv;
}

/** Starts the stock JavaScript plugin server of kong-pdk as a process of its own and waits for its socket. */
export async function startStockPluginServer(
  options: StockPluginServerOptions,
): Promise<PluginServer> {
  const { socket, pluginsDirectory, preload, workingDirectory, env } = options;
  const { dir, base } = path.parse(socket);
  const manifest = createRequire(import.meta.url).resolve('kong-pdk/package.json');
  const program = path.join(path.dirname(manifest), 'bin/kong-js-pluginserver');
  const server = new ServerProcess({
    args: ['--require', preload, program, '-d', pluginsDirectory, '-p', dir, '--sock-name', base],
    socket,
    workingDirectory,
    // It would compile plugins by the tsconfig.json of its working directory.
    env: { ...env, TS_NODE_SKIP_PROJECT: 'true' },
  });
  await server.start();
  return {
    socket,
    get pid() {
      return server.pid;
    },
    workerPids: () => [],
    lines: () => server.lines,
    running: () => server.isRunning,
    kill: () => server.end('SIGKILL'),
    killWorker: () => Promise.reject(new Error('the stock plugin server has no workers')),
    restart: async () => {
      await server.end('SIGKILL');
      await server.start();
    },
    stop: () => server.end('SIGTERM'),
  };
}
