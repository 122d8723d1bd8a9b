import path from 'node:path';
import type { PluginServerEntry } from '../../../dev/gateway/plugin-server-entry.ts';
import { accepts } from '../../../dev/stack/accepts.ts';
import type { PluginServerKind } from '../../../dev/stack/plugin-server.ts';
import { REPOSITORY } from '../../../dev/stack/start-stack.ts';
import { processTree } from '../measure/process-tree.ts';
import { startProcess } from '../process/start-process.ts';
import { COMMANDS } from './plugin-server-kinds.ts';

export interface PluginServerOptions {
  dist: string;
  workers: string;
  env: NodeJS.ProcessEnv;
  /** For the socket and what it prints. */
  directory: string;
  /** More arguments of `node`. */
  nodeArgs?: string[];
}

export interface PluginServer {
  socket: string;
  entries: PluginServerEntry[];
  /** Its processes, workers included. */
  pids(): number[];
  /** The last lines that it has printed. */
  printed(): string;
  stop(): Promise<void>;
}

export async function startPluginServer(
  kind: PluginServerKind,
  { dist, workers, env, directory, nodeArgs = [] }: PluginServerOptions,
): Promise<PluginServer> {
  const socket = path.join(directory, `${kind}.sock`);
  const command = COMMANDS[kind](dist, socket, workers);
  const server = await startProcess({
    name: `the plugin server (${kind})`,
    args: [...nodeArgs, ...command.args],
    // kong.yml names its policy relative to it.
    cwd: REPOSITORY,
    env: { ...env, ...command.env },
    logFile: path.join(directory, `${kind}.log`),
    isReady: () => accepts({ path: socket }),
  });
  return {
    socket,
    entries: command.entries,
    pids: () => processTree(server.pid),
    printed: server.printed,
    stop: server.stop,
  };
}
