import { setTimeout as pause } from 'node:timers/promises';
import { type Answer, type Sent, send } from '../../dev/story/send.ts';

const PAUSE_MS = 200;

/** Requests that are to be answered alike. */
export interface LoadKind extends Sent {
  name: string;
  /** Whether an answer below 500 is the one that fits. */
  fits(answer: Answer): boolean;
}

export interface Load {
  /** Answers below 500 that fit, by kind. */
  readonly fitting: ReadonlyMap<string, number>;
  /** Answers from 500 up: refused for the plugin server's sake. */
  readonly refused: number;
  readonly slowestMs: number;
  /** Everything else, for people to read. */
  readonly misfits: readonly string[];
  /** Ends after the requests that are under way. */
  stop(): Promise<void>;
}

/** Sends requests of all kinds in turn, so many at a time, until it is stopped. */
export function startLoad(url: string, kinds: readonly LoadKind[], parallel: number): Load {
  const fitting = new Map(kinds.map(({ name }) => [name, 0]));
  const misfits: string[] = [];
  let refused = 0;
  let slowestMs = 0;
  let isOver = false;
  let turn = 0;

  async function sendOne(kind: LoadKind): Promise<void> {
    const began = performance.now();
    const answer = await send(url, kind).catch((error: Error) => error);
    slowestMs = Math.max(slowestMs, performance.now() - began);
    if (answer instanceof Error) {
      misfits.push(`${kind.name}: ${answer.message}`);
    } else if (answer.status >= 500) {
      refused += 1;
      // As a client does; refusals alone would leave no processor for the restart.
      await pause(PAUSE_MS);
    } else if (kind.fits(answer)) {
      fitting.set(kind.name, (fitting.get(kind.name) ?? 0) + 1);
    } else {
      misfits.push(`${kind.name}: ${answer.status} ${answer.body.slice(0, 300)}`);
    }
  }

  async function sendInTurn(): Promise<void> {
    while (!isOver) {
      const kind = kinds[turn++ % kinds.length];
      if (kind !== undefined) await sendOne(kind);
    }
  }

  const senders = Array.from({ length: parallel }, sendInTurn);
  return {
    fitting,
    get refused() {
      return refused;
    },
    get slowestMs() {
      return slowestMs;
    },
    misfits,
    async stop() {
      isOver = true;
      await Promise.all(senders);
    },
  };
}
