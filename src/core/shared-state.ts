/**
 * Facts that several processes must agree on: which one-time values have been used, and what has been revoked. How far
 * they are shared, among the workers of one plugin server or among several gateways, is the implementation's matter.
 */
export interface SharedState {
  /**
   * Takes a one-time value.
   *
   * @param key at most 256 characters; holds no secret
   * @param ttl_ms how long nobody else may take it: positive
   * @returns true the first time, false as long as an earlier claim has not run out
   * @throws SharedStateUnavailable where that cannot be known
   */
  claim(key: string, ttl_ms: number): Promise<boolean>;

  /**
   * Makes an entry known. One of the same channel and key takes the place of the one before.
   *
   * @param channel a fixed word, in small letters
   * @returns once every process that serves requests here knows it, and it is where those that come later find it
   * @throws SharedStateUnavailable where that cannot be said
   */
  publish(channel: string, entry: SharedEntry): Promise<void>;

  /**
   * Hears of the entries of a channel that are in force, and then of each new one. An entry may come more than once.
   *
   * A process needs one subscription to a channel, not one for each instance of a plugin: Kong does not say when it has
   * done with an instance.
   *
   * @param onEntry must not throw: a subscription whose does is not current any more
   */
  subscribe(channel: string, onEntry: (entry: SharedEntry) => void): SharedSubscription;
}

export interface SharedEntry {
  /** At most 256 characters. */
  key: string;
  /** At most 4,096 characters. */
  value: string;
  /** Milliseconds since the Unix epoch from which nobody needs it any more. */
  expires_at_ms: number;
}

export interface SharedSubscription {
  /** False before all entries in force have been heard of, and while new ones may be missed. */
  isCurrent(): boolean;
  /** Resolves once it is current: at once where it is. Never rejects. */
  current(): Promise<void>;
  close(): void;
}

/** The request cannot be decided without it, so it is refused. The message is safe to log. */
export class SharedStateUnavailable extends Error {
  override readonly name = 'SharedStateUnavailable';

  /** Each plugin is bundled with a copy of this class, and what the plugin server throws is of its own copy. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'SharedStateUnavailable';
  }
}
