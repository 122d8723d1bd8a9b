import type { Clock } from '../clock.ts';
import {
  type SharedEntry,
  SharedStateUnavailable,
  type SharedSubscription,
} from '../shared-state.ts';
import { type ChannelEntry, checkEntry } from './check-entry.ts';
import { ExpiringTable } from './expiring-table.ts';

const MOST_ENTRIES = 100_000;

/** Whoever comes after the clock jumped ahead and was set back must hear of what was in force all the time. */
const KEPT_MS = 24 * 60 * 60 * 1_000;

interface Subscriber {
  readonly onEntry: (entry: SharedEntry) => void;
  hasMissed: boolean;
}

/** The entries of all channels, and who hears of them. */
export class ChannelTable {
  readonly #clock: Clock;
  readonly #entries: ExpiringTable<ChannelEntry>;
  readonly #subscribers = new Map<string, Set<Subscriber>>();
  readonly #completion: Promise<void>;
  #settleCompletion: () => void = () => {};
  #isComplete = false;

  /** Subscriptions are not current before {@link complete} is called. */
  constructor({ clock, most = MOST_ENTRIES }: { clock: Clock; most?: number | undefined }) {
    this.#clock = clock;
    this.#entries = new ExpiringTable({ most, kept_ms: KEPT_MS });
    this.#completion = new Promise((resolve) => {
      this.#settleCompletion = resolve;
    });
  }

  /** All entries in force are here. */
  complete(): void {
    this.#isComplete = true;
    this.#settleCompletion();
  }

  /**
   * Takes a new entry.
   *
   * @returns it as others are to be told of it
   * @throws SharedStateUnavailable where there is no room
   */
  publish(channel: string, entry: SharedEntry): ChannelEntry {
    const checked = checkEntry(channel, entry);
    const isNew = this.#entries.get(idOf(checked)) === undefined;
    if (isNew && !this.#entries.hasRoom(this.#clock())) {
      throw new SharedStateUnavailable('as many entries are in force as are kept');
    }
    this.learn(checked);
    return checked;
  }

  /** Takes an entry that was published elsewhere, where its room was found. */
  learn(published: ChannelEntry): void {
    const { channel, entry } = published;
    // All subscribers are given the same object.
    Object.freeze(entry);
    this.#entries.set(idOf(published), published, entry.expires_at_ms, this.#clock());
    for (const subscriber of this.#subscribers.get(channel) ?? []) tell(subscriber, entry);
  }

  inForce(): ChannelEntry[] {
    return this.#entries.inForce(this.#clock());
  }

  subscribe(channel: string, onEntry: (entry: SharedEntry) => void): SharedSubscription {
    const subscriber: Subscriber = { onEntry, hasMissed: false };
    const subscribers = this.#subscribers.get(channel) ?? new Set();
    this.#subscribers.set(channel, subscribers.add(subscriber));
    for (const known of this.inForce()) {
      if (known.channel === channel) tell(subscriber, known.entry);
    }
    return {
      isCurrent: () => this.#isComplete && !subscriber.hasMissed,
      current: async () => {
        await this.#completion;
        if (subscriber.hasMissed) await new Promise<never>(() => {});
      },
      close: () => {
        subscribers.delete(subscriber);
        subscriber.hasMissed = true;
      },
    };
  }
}

function idOf({ channel, entry }: ChannelEntry): string {
  // No channel's name has a blank.
  return `${channel} ${entry.key}`;
}

/** Others must hear of it too. One that throws may not have taken it in, and is never current again. */
function tell(subscriber: Subscriber, entry: SharedEntry): void {
  try {
    subscriber.onEntry(entry);
  } catch {
    subscriber.hasMissed = true;
  }
}
