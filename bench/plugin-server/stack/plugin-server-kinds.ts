import { createRequire } from 'node:module';
import path from 'node:path';
import type { PluginServerEntry } from '../../../dev/gateway/plugin-server-entry.ts';
import type { PluginServerKind } from '../../../dev/stack/plugin-server.ts';
import { shellQuote } from '../../../dev/stack/shell-quote.ts';
import { PLUGINS } from '../../../dev/stack/start-stack.ts';

/** In the order of the first round. */
export const PLUGIN_SERVERS = ['stock', 'ours'] as const satisfies PluginServerKind[];

export interface PluginServerCommand {
  /** Arguments of `node`. */
  args: string[];
  env: NodeJS.ProcessEnv;
  /** What the gateway has to know. */
  entries: PluginServerEntry[];
}

/** How each plugin server is started with the plugins of a build, and how Kong learns of these plugins. */
export const COMMANDS: Record<
  PluginServerKind,
  (dist: string, socket: string, workers: string) => PluginServerCommand
> = {
  stock(dist, socket) {
    const { dir, base } = path.parse(socket);
    const manifest = createRequire(import.meta.url).resolve('kong-pdk/package.json');
    return {
      args: [
        ...['--require', path.join(dist, 'guard.cjs')],
        path.join(path.dirname(manifest), 'bin/kong-js-pluginserver'),
        ...['-d', path.join(dist, 'plugins'), '-p', dir, '--sock-name', base],
      ],
      // It would compile plugins by the tsconfig.json of its working directory.
      env: { TS_NODE_SKIP_PROJECT: 'true' },
      entries: entries(path.join(dist, 'plugin-info/stock'), socket),
    };
  },

  ours(dist, socket, workers) {
    const program = path.join(dist, 'cloud-run-auth.cjs');
    const plugins = path.join(dist, 'plugins');
    return {
      args: [program, 'serve', '--socket', socket, '--plugins', plugins, '--workers', workers],
      env: {},
      entries: entries(path.join(dist, 'plugin-info'), socket),
    };
  },
};

function entries(pluginInfo: string, socket: string): PluginServerEntry[] {
  return PLUGINS.map((name) => ({
    name,
    socket,
    queryCmd: `cat ${shellQuote(path.join(pluginInfo, `${name}.json`))}`,
  }));
}
