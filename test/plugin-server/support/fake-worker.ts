import type { Clock } from '../../../src/core/clock.ts';
import type { SharedState } from '../../../src/core/shared-state.ts';
import type { PrimaryMessage, WorkerMessage } from '../../../src/plugin-server/messages.ts';
import type { PrimaryState } from '../../../src/plugin-server/shared-state/primary-state.ts';
import { WorkerState } from '../../../src/plugin-server/shared-state/worker-state.ts';

/** A worker and the channel to it, without a process: messages take a turn, are copied and keep their order. */
export class FakeWorker {
  isLoaded = false;
  isReady = false;
  silentMs = 0;
  isKilled = false;
  isOpen = true;
  /** Whether it takes messages. */
  isStopped = false;
  readonly sent: WorkerMessage[] = [];
  readonly #state: WorkerState;
  readonly #primary: PrimaryState;
  readonly #waiting: PrimaryMessage[] = [];

  constructor(primary: PrimaryState, clock: Clock) {
    this.#primary = primary;
    this.#state = new WorkerState(this, clock);
  }

  get state(): SharedState {
    return this.#state;
  }

  /** As when its plugins have been loaded. */
  load(): void {
    this.#primary.catchUp(this);
    this.send({ type: 'catch_up' });
    this.isLoaded = true;
  }

  /** As when its process has ended. */
  end(): void {
    this.isLoaded = false;
    this.isReady = false;
    this.isStopped = true;
    this.#primary.ended(this);
  }

  kill(): void {
    this.isKilled = true;
  }

  send(message: PrimaryMessage): void {
    this.#waiting.push(structuredClone(message));
    queueMicrotask(() => this.deliver());
  }

  /** Takes what has come while it was stopped. */
  deliver(): void {
    while (!this.isStopped) {
      const message = this.#waiting.shift();
      if (message === undefined) return;
      if (message.type === 'catch_up') {
        this.#state.caughtUp();
        this.isReady = true;
      } else if (
        message.type === 'claimed' ||
        message.type === 'published' ||
        message.type === 'entries'
      ) {
        this.#state.onMessage(message);
      }
    }
  }

  tell(message: WorkerMessage): void {
    this.sent.push(message);
    const copy = structuredClone(message);
    queueMicrotask(() => {
      if (copy.type === 'claim' || copy.type === 'publish' || copy.type === 'entries_known') {
        this.#primary.onMessage(this, copy);
      }
    });
  }
}
