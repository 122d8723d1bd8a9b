import path from 'node:path';
import type { PluginServer, PluginServerKind } from './plugin-server.ts';
import { startOurPluginServer } from './start-our-plugin-server.ts';
import { startStockPluginServer } from './start-stock-plugin-server.ts';

export interface PluginServerOptions {
  /** Where it runs and has been built: policies with a relative path are found there. */
  repository: string;
  socket: string;
  env: NodeJS.ProcessEnv;
  /** Of our plugin server; 2 by default. */
  workers?: number | undefined;
  /** Of our plugin server; its own default where it is left out. */
  eventTimeoutMs?: number | undefined;
  /** More options of `serve`, for our plugin server. */
  serveOptions?: readonly string[] | undefined;
}

/** Starts either plugin server with the built plugins. */
export function startPluginServer(
  kind: PluginServerKind,
  { repository, socket, env, workers = 2, eventTimeoutMs, serveOptions = [] }: PluginServerOptions,
): Promise<PluginServer> {
  const dist = path.join(repository, 'dist');
  const common = {
    socket,
    pluginsDirectory: path.join(dist, 'plugins'),
    workingDirectory: repository,
    env,
  };
  return kind === 'ours'
    ? startOurPluginServer({
        ...common,
        program: path.join(dist, 'cloud-run-auth.cjs'),
        workers,
        eventTimeoutMs,
        extraArgs: serveOptions,
      })
    : startStockPluginServer({ ...common, preload: path.join(dist, 'guard.cjs') });
}
