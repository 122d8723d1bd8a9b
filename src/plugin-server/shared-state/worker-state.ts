import type { Clock } from '../../core/clock.ts';
import { ChannelTable } from '../../core/shared-state/channel-table.ts';
import { checkClaim } from '../../core/shared-state/check-claim.ts';
import { checkEntry } from '../../core/shared-state/check-entry.ts';
import {
  type SharedEntry,
  type SharedState,
  SharedStateUnavailable,
  type SharedSubscription,
} from '../../core/shared-state.ts';
import type { Claim, PrimaryMessage } from '../messages.ts';
import { type PrimaryChannel, Questions } from './questions.ts';

export type StateAnswer = Extract<PrimaryMessage, { type: 'claimed' | 'published' | 'entries' }>;

interface Batch {
  readonly claims: Claim[];
  readonly outcomes: Promise<(boolean | null)[]>;
}

/** A worker's half of the state that workers share: it asks the primary process, and keeps the entries at hand. */
export class WorkerState implements SharedState {
  readonly #primary: PrimaryChannel;
  readonly #channels: ChannelTable;
  readonly #questions: Questions;
  #batch: Batch | undefined;

  constructor(primary: PrimaryChannel, clock: Clock) {
    this.#primary = primary;
    this.#channels = new ChannelTable({ clock });
    this.#questions = new Questions(primary);
  }

  async claim(key: string, ttl_ms: number): Promise<boolean> {
    checkClaim(key, ttl_ms);
    this.#batch ??= this.#startBatch();
    const { claims, outcomes } = this.#batch;
    const place = claims.push({ key, ttl_ms }) - 1;
    const outcome = (await outcomes)[place];
    if (typeof outcome === 'boolean') return outcome;
    throw new SharedStateUnavailable('the primary process cannot tell whether it was claimed');
  }

  async publish(channel: string, entry: SharedEntry): Promise<void> {
    const published = checkEntry(channel, entry);
    const isKnown = await this.#questions.ask<boolean>({ type: 'publish', ...published });
    if (!isKnown) throw new SharedStateUnavailable('the primary process has no room for an entry');
  }

  subscribe(channel: string, onEntry: (entry: SharedEntry) => void): SharedSubscription {
    return this.#channels.subscribe(channel, onEntry);
  }

  onMessage(message: StateAnswer): void {
    switch (message.type) {
      case 'claimed':
        this.#questions.answer(message.request, message.outcomes);
        return;
      case 'published':
        this.#questions.answer(message.request, message.isKnown);
        return;
      case 'entries': {
        const { announcement, entries } = message;
        for (const entry of entries) this.#channels.learn(entry);
        if (announcement !== undefined) this.#primary.tell({ type: 'entries_known', announcement });
      }
    }
  }

  /** All entries in force have been told. */
  caughtUp(): void {
    this.#channels.complete();
  }

  /** What is claimed in one turn of the event loop travels together. */
  #startBatch(): Batch {
    const claims: Claim[] = [];
    const outcomes = new Promise((resolve) => setImmediate(resolve)).then(() => {
      this.#batch = undefined;
      return this.#questions.ask<(boolean | null)[]>({ type: 'claim', claims });
    });
    return { claims, outcomes };
  }
}
