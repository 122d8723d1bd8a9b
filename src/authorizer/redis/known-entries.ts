import type { SharedEntry } from '../../core/shared-state.ts';
import { isAddedAfter } from './stream-id.ts';

interface Known {
  id: string;
  entry: SharedEntry;
  /** The last reading of the whole stream in which it was found; 0 for none. */
  reading: number;
}

/**
 * What a process knows of one stream: of each key the entry that was added last. It outlives connections, and Redis
 * losing its data.
 */
export class KnownEntries {
  readonly #known = new Map<string, Known>();
  #reading = 0;
  /** Entries that others have taken the place of: since before the last sweep, and since then. */
  #replaced: Set<string> = new Set();
  #replacedLately: Set<string> = new Set();

  has(key: string): boolean {
    return this.#known.has(key);
  }

  /** The stream is about to be read from its start. */
  beginReading(): void {
    this.#reading += 1;
  }

  /**
   * Takes an entry that was found in the stream.
   *
   * @returns whether it is a new one, and the last of its key
   */
  found(id: string, entry: SharedEntry): boolean {
    const isNew = this.added(id, entry);
    const known = this.#known.get(entry.key);
    if (known?.id === id) known.reading = this.#reading;
    return isNew;
  }

  /**
   * Takes an entry that was added to the stream just now.
   *
   * @returns as `found` does
   */
  added(id: string, entry: SharedEntry): boolean {
    const known = this.#known.get(entry.key);
    if (known?.id === id) return false;
    if (known !== undefined && isAddedAfter(known.id, id)) {
      this.#replacedLately.add(id);
      return false;
    }
    if (known !== undefined) this.#replacedLately.add(known.id);
    this.#known.set(entry.key, { id, entry, reading: 0 });
    return true;
  }

  inForce(now_ms: number): SharedEntry[] {
    return this.#inForce(now_ms).map(({ entry }) => entry);
  }

  /** Those in force that were not found while the whole stream was read. */
  lost(now_ms: number): SharedEntry[] {
    return this.#inForce(now_ms)
      .filter(({ reading }) => reading !== this.#reading)
      .map(({ entry }) => entry);
  }

  /**
   * Forgets what expired before a time.
   *
   * @param kept the id of one that is not forgotten yet
   * @returns ids of what nobody needs any more: these, and those that were replaced before the last call
   */
  sweep(until_ms: number, kept: string): string[] {
    const ids = [...this.#replaced];
    this.#replaced = this.#replacedLately;
    this.#replacedLately = new Set();
    for (const [key, { id, entry }] of this.#known) {
      if (entry.expires_at_ms > until_ms || id === kept) continue;
      this.#known.delete(key);
      ids.push(id);
    }
    return ids;
  }

  #inForce(now_ms: number): Known[] {
    return [...this.#known.values()].filter(({ entry }) => entry.expires_at_ms > now_ms);
  }
}
