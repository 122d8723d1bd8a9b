import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import type { SharedEntry, SharedSubscription } from '../../core/shared-state.ts';
import type { RedisSettings } from './config.ts';
import type { ConnectRedis } from './connect-redis.ts';
import { followStream } from './follow-stream.ts';
import { KnownEntries } from './known-entries.ts';
import { IDLE_MS } from './limits.ts';
import { toRedisFailure } from './redis-failure.ts';
import { rest } from './rest.ts';
import { restMs } from './rest-ms.ts';
import type { TroubleLog } from './trouble-log.ts';

export interface RedisChannelDependencies {
  settings: RedisSettings;
  /** Its stream's key in Redis. */
  key: string;
  connect: ConnectRedis;
  clock: Clock;
  /** Milliseconds from any origin. */
  stopwatch: () => number;
  /** In [0, 1). */
  random: () => number;
  trouble: TroubleLog;
  logger: Logger;
  /** Fields of each log line. */
  fields: Record<string, unknown>;
}

interface Subscriber {
  readonly onEntry: (entry: SharedEntry) => void;
  hasMissed: boolean;
}

/** Beyond as many, those who began to wait first have given up long since. */
const MOST_WAITING = 10_000;

/**
 * One channel, read over a connection of its own while somebody asks for it. What it knows stays when the connection is
 * lost or given up.
 */
export class RedisChannel {
  readonly #dependencies: RedisChannelDependencies;
  readonly #known = new KnownEntries();
  readonly #subscribers = new Set<Subscriber>();
  readonly #ending = new AbortController();
  readonly #waiting = new Set<() => void>();
  #isReading = false;
  /** Until when everything that was published has been told, by the stopwatch. */
  #caught_up_at_ms: number | undefined;
  #asked_at_ms = 0;
  #hasToldOfStrangeRecord = false;

  constructor(dependencies: RedisChannelDependencies) {
    this.#dependencies = dependencies;
  }

  subscribe(onEntry: (entry: SharedEntry) => void): SharedSubscription {
    const subscriber: Subscriber = { onEntry, hasMissed: false };
    this.#subscribers.add(subscriber);
    for (const entry of this.#known.inForce(this.#dependencies.clock())) tell(subscriber, entry);
    this.#wake();
    return {
      isCurrent: () => {
        this.#wake();
        return this.#isCurrent(subscriber);
      },
      current: async () => {
        this.#wake();
        while (!this.#isCurrent(subscriber)) await this.#nextNews();
      },
      close: () => {
        this.#subscribers.delete(subscriber);
        subscriber.hasMissed = true;
      },
    };
  }

  /** Takes what this process has published. */
  added(id: string, entry: SharedEntry): void {
    this.#wake();
    this.#take(entry, () => this.#known.added(id, entry));
  }

  close(): void {
    this.#ending.abort();
    this.#caught_up_at_ms = undefined;
    this.#waiting.clear();
  }

  #isCurrent({ hasMissed }: Subscriber): boolean {
    if (hasMissed || this.#caught_up_at_ms === undefined) return false;
    const { settings, stopwatch } = this.#dependencies;
    return stopwatch() - this.#caught_up_at_ms <= settings.max_stale_seconds * 1000;
  }

  #nextNews(): Promise<void> {
    return new Promise((resolve) => {
      const [first] = this.#waiting;
      if (first !== undefined && this.#waiting.size >= MOST_WAITING) this.#waiting.delete(first);
      this.#waiting.add(resolve);
    });
  }

  #isWanted(): boolean {
    return this.#dependencies.stopwatch() - this.#asked_at_ms < IDLE_MS;
  }

  #wake(): void {
    this.#asked_at_ms = this.#dependencies.stopwatch();
    if (this.#isReading || this.#ending.signal.aborted) return;
    this.#isReading = true;
    void this.#read();
  }

  /** Never rejects. */
  async #read(): Promise<void> {
    const { random, trouble } = this.#dependencies;
    const { signal } = this.#ending;
    let failures = 0;
    while (!signal.aborted && this.#isWanted()) {
      try {
        await this.#follow(() => {
          failures = 0;
        });
      } catch (error) {
        if (signal.aborted) break;
        failures += 1;
        trouble.failed(toRedisFailure(error).message);
        await rest(restMs(failures, random()), signal);
      }
    }
    this.#isReading = false;
    this.#caught_up_at_ms = undefined;
  }

  async #follow(onFollowing: () => void): Promise<void> {
    const { settings, key, connect, clock, stopwatch } = this.#dependencies;
    const connection = await connect(settings, this.#ending.signal);
    try {
      await followStream(connection, {
        key,
        known: this.#known,
        timeout_ms: settings.timeout_ms,
        clock,
        stopwatch,
        isWanted: () => this.#isWanted(),
        onEntry: (id, entry) => this.#take(entry, () => this.#known.found(id, entry)),
        onStrangeRecord: () => this.#tellOfStrangeRecord(),
        onCaughtUp: (at_ms) => this.#caughtUp(at_ms),
        onFollowing,
        onRestored: (count) => this.#tellOfRestoring(count),
      });
    } finally {
      connection.close();
    }
  }

  /** One that has expired is news where it takes the place of one that has not. */
  #take(entry: SharedEntry, note: () => boolean): void {
    const replaces = this.#known.has(entry.key);
    if (!note()) return;
    if (!replaces && entry.expires_at_ms <= this.#dependencies.clock()) return;
    for (const subscriber of this.#subscribers) tell(subscriber, entry);
  }

  #caughtUp(at_ms: number): void {
    if (this.#ending.signal.aborted) return;
    this.#caught_up_at_ms = at_ms;
    this.#dependencies.trouble.succeeded();
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #tellOfStrangeRecord(): void {
    if (this.#hasToldOfStrangeRecord) return;
    this.#hasToldOfStrangeRecord = true;
    this.#warn({}, 'an entry in Redis is not one of this version; such entries are skipped');
  }

  #tellOfRestoring(count: number): void {
    this.#warn({ count }, 'Redis had lost entries that are in force; they have been added again');
  }

  #warn(more: Record<string, unknown>, message: string): void {
    const { logger, fields } = this.#dependencies;
    try {
      logger.warn({ ...fields, ...more }, message);
    } catch {}
  }
}

/** Others must hear of it too. One that throws may not have taken it in, and is never current again. */
function tell(subscriber: Subscriber, entry: SharedEntry): void {
  try {
    subscriber.onEntry(entry);
  } catch {
    subscriber.hasMissed = true;
  }
}
