import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { eventually } from '../../../dev/stack/eventually.ts';

export interface ProcessOptions {
  /** For messages. */
  name: string;
  /** Arguments of `node`. */
  args: string[];
  cwd: string;
  env?: NodeJS.ProcessEnv;
  /** Gets what it prints: a pipe would cost CPU at its other end as well. */
  logFile: string;
  /** Asked again and again until it is true. */
  isReady(): Promise<boolean>;
}

export interface RunningProcess {
  pid: number;
  /** The last lines that it has printed, without audit records. */
  printed(): string;
  stop(): Promise<void>;
}

const STOP_MS = 10_000;
const KEPT_LINES = 20;

/**
 * Starts a Node process and waits until it is ready.
 *
 * @throws Error with the end of what it printed, where it ends instead or is never ready
 */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const output = openSync(options.logFile, 'a');
  const child = spawn(process.execPath, options.args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  try {
    await eventually(`${options.name} to be ready`, async () => {
      if (!isRunning(child)) throw new Error(`${options.name} has ended`);
      return (await options.isReady()) || undefined;
    });
  } catch (error) {
    await stop(child);
    throw new Error(
      `${error instanceof Error ? error.message : error}; it printed:\n${tail(options.logFile)}`,
    );
  }
  return {
    pid: child.pid ?? 0,
    printed: () => tail(options.logFile),
    stop: () => stop(child),
  };
}

function tail(file: string): string {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines
    .filter((line) => !line.startsWith('{"type":"authz"'))
    .slice(-KEPT_LINES)
    .join('\n');
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function stop(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
}
