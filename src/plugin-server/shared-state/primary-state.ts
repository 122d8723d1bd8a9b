import type { Clock } from '../../core/clock.ts';
import { ChannelTable } from '../../core/shared-state/channel-table.ts';
import { ClaimTable } from '../../core/shared-state/claim-table.ts';
import { Announcements } from '../announcements.ts';
import type { Claim, PrimaryMessage, WorkerMessage } from '../messages.ts';
import type { WorkerProcess } from '../worker-process.ts';

export type StateWorker = Pick<
  WorkerProcess,
  'isLoaded' | 'isReady' | 'silentMs' | 'send' | 'kill'
>;

export type StateQuestion = Extract<WorkerMessage, { type: 'claim' | 'publish' | 'entries_known' }>;

/** Entries that travel in one message to a worker that catches up. */
const ENTRIES_AT_ONCE = 1_000;

/** The primary process's half of the state that workers share: it decides, in the order in which it is asked. */
export class PrimaryState {
  readonly #workers: Iterable<StateWorker>;
  readonly #claims: ClaimTable;
  readonly #channels: ChannelTable;
  readonly #announcements = new Announcements();
  #lastAnnouncement = 0;

  /** @param workers those that there are at any time */
  constructor(
    workers: Iterable<StateWorker>,
    { clock, most = {} }: { clock: Clock; most?: { claims?: number; entries?: number } },
  ) {
    this.#workers = workers;
    this.#claims = new ClaimTable({ clock, most: most.claims });
    this.#channels = new ChannelTable({ clock, most: most.entries });
  }

  onMessage(worker: StateWorker, message: StateQuestion): void {
    switch (message.type) {
      case 'claim': {
        const outcomes = message.claims.map((claim) => this.#decide(claim));
        worker.send({ type: 'claimed', request: message.request, outcomes });
        return;
      }
      case 'publish':
        this.#publish(worker, message);
        return;
      case 'entries_known':
        this.#announcements.known(message.announcement, worker);
    }
  }

  /** Tells a worker that has just loaded its plugins all entries in force. */
  catchUp(worker: StateWorker): void {
    const entries = this.#channels.inForce();
    for (let from = 0; from < entries.length; from += ENTRIES_AT_ONCE) {
      worker.send({ type: 'entries', entries: entries.slice(from, from + ENTRIES_AT_ONCE) });
    }
  }

  ended(worker: StateWorker): void {
    this.#announcements.ended(worker);
  }

  #decide({ key, ttl_ms }: Claim): boolean | null {
    try {
      return this.#claims.claim(key, ttl_ms);
    } catch {
      return null;
    }
  }

  #publish(
    publisher: StateWorker,
    { request, channel, entry }: Extract<StateQuestion, { type: 'publish' }>,
  ): void {
    this.#lastAnnouncement += 1;
    const announcement = this.#lastAnnouncement;
    let told: PrimaryMessage;
    try {
      const entries = [this.#channels.publish(channel, entry)];
      told = { type: 'entries', announcement, entries };
    } catch {
      publisher.send({ type: 'published', request, isKnown: false });
      return;
    }
    const awaited: StateWorker[] = [];
    for (const worker of this.#workers) {
      if (worker.isLoaded) worker.send(told);
      // Those that are still catching up learn it before they are given a connection.
      if (worker.isReady) awaited.push(worker);
    }
    this.#announcements.begin(announcement, awaited, () =>
      publisher.send({ type: 'published', request, isKnown: true }),
    );
  }
}
