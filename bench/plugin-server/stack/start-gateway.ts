import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { PluginServerEntry } from '../../../dev/gateway/plugin-server-entry.ts';
import { accepts } from '../../../dev/stack/accepts.ts';
import { startKong } from '../../../dev/stack/start-kong.ts';
import { REPOSITORY } from '../../../dev/stack/start-stack.ts';
import { listeners } from '../measure/listeners.ts';
import { processTree } from '../measure/process-tree.ts';
import { startProcess } from '../process/start-process.ts';

export interface GatewayOptions {
  config: string;
  port: number;
  entries: PluginServerEntry[];
  /** For its config and what it prints. */
  directory: string;
  /** A real Kong in place of the dev gateway. */
  kongBin: string | undefined;
}

export interface Gateway {
  port: number;
  pids(): number[];
  /** The last lines of its log. */
  printed(): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a gateway in processes of its own. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, port, entries, directory, kongBin } = options;
  if (kongBin !== undefined) {
    const kong = await startKong(kongBin, { config, port, pluginServers: entries });
    const printed = async () => (await kong.errorLog()).split('\n').slice(-20).join('\n');
    return { port, pids: () => listeners(port), printed, stop: kong.stop };
  }
  const configFile = path.join(directory, 'kong.yml');
  await writeFile(configFile, config);
  const gateway = await startProcess({
    name: 'the dev gateway',
    args: [
      ...['--import', 'tsx', 'dev/gateway/main.ts', configFile, '--port', String(port)],
      ...entries.flatMap(({ name, socket, queryCmd }) => [
        '--plugin-server',
        `name=${name},socket=${socket},query-cmd=${queryCmd}`,
      ]),
    ],
    cwd: REPOSITORY,
    logFile: path.join(directory, 'gateway.log'),
    isReady: () => accepts({ host: '127.0.0.1', port }),
  });
  return {
    port,
    pids: () => processTree(gateway.pid),
    printed: async () => gateway.printed(),
    stop: gateway.stop,
  };
}
