import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { accepts } from './accepts.ts';
import { eventually } from './eventually.ts';

export interface ServerProcessOptions {
  /** Of `node`. */
  args: readonly string[];
  socket: string;
  workingDirectory: string;
  env: NodeJS.ProcessEnv;
  onLine?: (line: string) => void;
}

const KEPT_LINES = 20_000;
const SHOWN_LINES = 20;

/** A Node process that listens on a Unix socket. It does not outlive this process. */
export class ServerProcess {
  readonly lines: string[] = [];
  readonly #options: ServerProcessOptions;
  #child: ChildProcess | undefined;
  readonly #killAtExit = () => this.#child?.kill('SIGKILL');

  constructor(options: ServerProcessOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /**
   * Starts it and waits until it accepts connections.
   *
   * @throws Error with what it wrote, where it ends before that
   */
  async start(): Promise<void> {
    const { args, workingDirectory, env, socket } = this.#options;
    const child = spawn(process.execPath, args, {
      cwd: workingDirectory,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    process.on('exit', this.#killAtExit);
    child.once('close', () => process.off('exit', this.#killAtExit));
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => this.#take(line));
    }
    try {
      await eventually('the plugin server to listen', async () => {
        if (this.isRunning) return (await accepts({ path: socket })) || undefined;
        const { exitCode, signalCode } = child;
        const last = this.lines.slice(-SHOWN_LINES).join('\n');
        throw new Error(
          `the plugin server ended (${signalCode ?? `exit code ${exitCode}`}):\n${last}`,
        );
      });
    } catch (error) {
      await this.end('SIGKILL');
      throw error;
    }
  }

  /** Resolves when it has ended, and with it whatever it has started that writes where it wrote. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.isRunning) return;
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
  }

  #take(line: string): void {
    this.lines.push(line);
    if (this.lines.length > KEPT_LINES) this.lines.shift();
    this.#options.onLine?.(line);
  }
}
