import { eventually } from './eventually.ts';
import type { PluginServer } from './plugin-server.ts';
import { ServerProcess } from './server-process.ts';
import { WorkerLog } from './worker-log.ts';

export interface OurPluginServerOptions {
  /** The built program: dist/cloud-run-auth.cjs. */
  program: string;
  socket: string;
  pluginsDirectory: string;
  workers: number;
  /** The server's own default where it is left out. */
  eventTimeoutMs?: number | undefined;
  /** More options of `serve`. */
  extraArgs?: readonly string[];
  workingDirectory: string;
  env: NodeJS.ProcessEnv;
}

/** Starts `cloud-run-auth serve` as a process of its own and waits for its socket and for all its workers. */
export async function startOurPluginServer(options: OurPluginServerOptions): Promise<PluginServer> {
  const { program, socket, pluginsDirectory, workers, eventTimeoutMs } = options;
  const log = new WorkerLog();
  const server = new ServerProcess({
    args: [
      program,
      'serve',
      ...['--socket', socket, '--plugins', pluginsDirectory, '--workers', String(workers)],
      ...(options.extraArgs ?? []),
      ...(eventTimeoutMs === undefined ? [] : ['--event-timeout-ms', String(eventTimeoutMs)]),
    ],
    socket,
    workingDirectory: options.workingDirectory,
    env: options.env,
    onLine: (line) => log.take(line),
  });

  async function start(): Promise<void> {
    log.clear();
    await server.start();
    try {
      await eventually('all workers to be ready', () => log.pids.length >= workers || undefined);
    } catch (error) {
      await server.end('SIGKILL');
      throw error;
    }
  }

  async function killWorker(): Promise<void> {
    const [pid] = log.pids;
    if (pid === undefined) throw new Error('no worker is running');
    process.kill(pid, 'SIGKILL');
    await eventually('the worker to end', () => !log.pids.includes(pid) || undefined);
  }

  await start();
  return {
    socket,
    get pid() {
      return server.pid;
    },
    workerPids: () => log.pids,
    lines: () => server.lines,
    running: () => server.isRunning,
    kill: () => server.end('SIGKILL'),
    killWorker,
    restart: async () => {
      await server.end('SIGKILL');
      await start();
    },
    stop: () => server.end('SIGTERM'),
  };
}
