import { type ChildProcess, spawn } from 'node:child_process';
import { Malfunction } from '../../../malfunction.ts';
import type { Environment } from '../../environment.ts';

interface Run {
  environment: Environment;
  max_bytes: number;
  /** Kills the program; its reason is what is thrown. */
  signal: AbortSignal;
}

/**
 * Runs a program without a shell, and waits for its end. What it started ends with it, unless that left its process
 * group. What it prints to standard error is dropped, for it may be a token.
 *
 * @returns what it printed to standard output
 * @throws Malfunction where it cannot be run, ends otherwise than well or prints too much
 */
export async function runExecutable(
  [program, ...args]: readonly [string, ...string[]],
  { environment, max_bytes, signal }: Run,
): Promise<string> {
  signal.throwIfAborted();
  const child = start(program, args, environment);
  const group = processGroup(child);
  const chunks: Buffer[] = [];
  let length = 0;

  return await new Promise<string>((resolve, reject) => {
    function fail(reason: unknown): void {
      signal.removeEventListener('abort', abort);
      group.kill();
      // Whoever left the group may still hold the other end.
      child.stdout?.destroy();
      reject(reason);
    }
    const abort = () => fail(signal.reason);

    signal.addEventListener('abort', abort);
    child.on('error', (error) => fail(notRun(error)));
    child.on('close', (code, killer) => {
      signal.removeEventListener('abort', abort);
      if (code === 0) return resolve(Buffer.concat(chunks).toString('utf8'));
      const end = code === null ? `by signal ${killer}` : `with exit code ${code}`;
      reject(new Malfunction(`the executable ended ${end}`));
    });
    // Missing where the process has too many open files.
    child.stdout?.on('error', (error) => fail(notRun(error)));
    child.stdout?.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= max_bytes) chunks.push(chunk);
      else fail(new Malfunction(`the executable printed more than ${max_bytes} bytes`));
    });
  });
}

/** @throws Malfunction: some failures to start are thrown, others are events */
function start(program: string, args: readonly string[], environment: Environment): ChildProcess {
  try {
    return spawn(program, args, {
      env: environment,
      // A process group of its own, by which all of it can be killed.
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch (error) {
    throw notRun(error);
  }
}

/** What has not ended yet. */
const running = new Set<() => void>();

/** A process that ends leaves no program behind. */
function killAll(): void {
  for (const kill of running) kill();
}

/** Kills what the program left behind as soon as it has ended: later, its number may belong to somebody else. */
function processGroup(child: ChildProcess): { kill(): void } {
  if (running.size === 0) process.once('exit', killAll);
  running.add(kill);
  let ended = false;
  function kill(): void {
    if (ended || child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Nobody is left in it.
    }
  }
  child.on('exit', () => {
    kill();
    ended = true;
    forget();
  });
  child.on('error', forget);
  function forget(): void {
    running.delete(kill);
    if (running.size === 0) process.off('exit', killAll);
  }
  return { kill };
}

/** The system's error has the arguments in it, so it is not even the cause. */
function notRun(error: unknown): Malfunction {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  return new Malfunction(`the executable cannot be run: ${code}`);
}
