import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { eventually } from './eventually.ts';

export interface PluginServerOptions {
  socket: string;
  pluginsDirectory: string;
  /** A module to load before it. */
  preload: string;
  workingDirectory: string;
  env: NodeJS.ProcessEnv;
}

export interface PluginServer {
  socket: string;
  /** Everything it has written so far, line by line: in a real Kong this is in the error log. */
  lines(): readonly string[];
  running(): boolean;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same socket. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const KEPT_LINES = 20_000;

/** Starts the stock JavaScript plugin server of kong-pdk as a process of its own and waits for its socket. */
export async function startPluginServer(options: PluginServerOptions): Promise<PluginServer> {
  const lines: string[] = [];
  let child = await launch(options, lines);
  return {
    socket: options.socket,
    lines: () => lines,
    running: () => isRunning(child),
    kill: () => end(child, 'SIGKILL'),
    restart: async () => {
      await end(child, 'SIGKILL');
      child = await launch(options, lines);
    },
    stop: () => end(child, 'SIGTERM'),
  };
}

async function launch(options: PluginServerOptions, lines: string[]): Promise<ChildProcess> {
  const { dir, base } = path.parse(options.socket);
  const manifest = createRequire(import.meta.url).resolve('kong-pdk/package.json');
  const program = path.join(path.dirname(manifest), 'bin/kong-js-pluginserver');
  const child = spawn(
    process.execPath,
    [
      '--require',
      options.preload,
      program,
      '-d',
      options.pluginsDirectory,
      '-p',
      dir,
      '--sock-name',
      base,
    ],
    {
      cwd: options.workingDirectory,
      // It would compile plugins by the tsconfig.json of its working directory.
      env: { ...options.env, TS_NODE_SKIP_PROJECT: 'true' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
    });
  }
  await eventually('the plugin server to listen', () => {
    if (!isRunning(child)) throw new Error(`the plugin server ended:\n${lines.join('\n')}`);
    return accepts(options.socket);
  });
  return child;
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (!isRunning(child)) return;
  const closed = once(child, 'close');
  child.kill(signal);
  await closed;
}

function accepts(socket: string): Promise<true | undefined> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once('error', () => resolve(undefined));
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
  });
}
