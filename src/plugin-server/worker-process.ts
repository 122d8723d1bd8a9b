import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import type { PrimaryMessage, WorkerMessage } from './messages.ts';

export interface WorkerEvents {
  onMessage(worker: WorkerProcess, message: WorkerMessage): void;
  onExit(worker: WorkerProcess, how: string): void;
}

/** In MiB. Events leave much short-lived garbage; with Node's default of 16 an event costs about a tenth more CPU. */
const YOUNG_GENERATION = '--max-semi-space-size=32';

/** A worker that leaves so many pings unanswered hangs in a plugin's code, and all its connections with it. */
const PING_MS = 2_000;
const MOST_UNANSWERED = 6;

/** A worker as the primary process sees it. */
export class WorkerProcess {
  readonly startedAt = performance.now();
  readonly #child: ChildProcess;
  readonly #pings: NodeJS.Timeout;
  /** Connections on their way to it. */
  readonly #underWay = new Set<Socket>();
  #unanswered = 0;
  /** Whether it is told of instances. */
  isLoaded = false;
  /** Whether it knows all instances, and may be given connections. */
  isReady = false;
  #lastHeard = performance.now();

  constructor(program: string, options: PrimaryMessage, events: WorkerEvents) {
    this.#child = fork(program, ['worker'], {
      // Standard output belongs to `query_cmd` alone.
      stdio: ['ignore', 2, 2, 'ipc'],
      execArgv: [...process.execArgv, YOUNG_GENERATION],
    });
    this.#child.on('message', (message: WorkerMessage) => {
      this.#unanswered = 0;
      this.#lastHeard = performance.now();
      events.onMessage(this, message);
    });
    let isGone = false;
    const gone = (how: string) => {
      if (isGone) return;
      isGone = true;
      this.isLoaded = false;
      this.isReady = false;
      clearInterval(this.#pings);
      for (const socket of this.#underWay) socket.destroy();
      events.onExit(this, how);
    };
    this.#child.on('exit', (code, signal) => gone(signal ?? `exit code ${code}`));
    this.#child.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#child.pid === undefined) gone(error.code ?? error.message);
    });
    this.#pings = setInterval(() => this.#ping(), PING_MS);
    this.send(options);
  }

  /** Milliseconds since it last gave a sign of life. */
  get silentMs(): number {
    return performance.now() - this.#lastHeard;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  send(message: PrimaryMessage): void {
    // One that has just ended is heard of by its exit.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  give(socket: Socket): void {
    if (!this.#child.connected) {
      socket.destroy();
      return;
    }
    const message: PrimaryMessage = { type: 'connection' };
    this.#underWay.add(socket);
    // Node sends one handle at a time. Those that wait when a worker ends it neither sends nor closes, and those that it
    // was told not to keep open nobody else can close: Kong would wait for an answer until it runs out of time.
    this.#child.send(message, socket, { keepOpen: true }, () => {
      this.#underWay.delete(socket);
      socket.destroy();
    });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #ping(): void {
    this.#unanswered += 1;
    if (this.#unanswered > MOST_UNANSWERED) this.kill();
    else this.send({ type: 'are_you_alive' });
  }
}
