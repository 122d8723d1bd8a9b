import { type Expiring, ExpiryHeap } from './expiry-heap.ts';

/** More than one, so that the expired become fewer although each call adds one; few, so that no call takes long. */
const DROPPED_AT_ONCE = 8;

interface Item<Value> extends Expiring {
  readonly key: string;
  value: Value;
}

/**
 * Values by key, each until a time of its own. What has expired is kept for a while, because the clock may be set back,
 * and then dropped by calls that add something, a few at a time: without a timer, and without looking through all.
 */
export class ExpiringTable<Value> {
  readonly #most: number;
  readonly #kept_ms: number;
  readonly #items = new Map<string, Item<Value>>();
  readonly #heap = new ExpiryHeap<Item<Value>>();
  #forgotten_until_ms = Number.NEGATIVE_INFINITY;

  /**
   * @param options.kept_ms how long what has expired is kept while there is room
   */
  constructor({ most, kept_ms }: { most: number; kept_ms: number }) {
    this.#most = most;
    this.#kept_ms = kept_ms;
  }

  get size(): number {
    return this.#items.size;
  }

  /** By a clock that shows an earlier time, something that was in force would be missing here. */
  get forgotten_until_ms(): number {
    return this.#forgotten_until_ms;
  }

  /** Also what has expired, as long as it is kept. */
  get(key: string): Readonly<{ value: Value; expires_at_ms: number }> | undefined {
    return this.#items.get(key);
  }

  inForce(now_ms: number): Value[] {
    const values: Value[] = [];
    for (const { value, expires_at_ms } of this.#items.values()) {
      if (expires_at_ms > now_ms) values.push(value);
    }
    return values;
  }

  /** Whether one more may be set, for which what has expired gives way. */
  hasRoom(now_ms: number): boolean {
    if (this.#items.size >= this.#most) this.#drop(now_ms);
    return this.#items.size < this.#most;
  }

  /** Does not ask whether there is room. */
  set(key: string, value: Value, expires_at_ms: number, now_ms: number): void {
    this.#drop(this.#items.size > this.#most ? now_ms : now_ms - this.#kept_ms);
    const known = this.#items.get(key);
    if (known !== undefined) {
      known.value = value;
      known.expires_at_ms = expires_at_ms;
      this.#heap.move(known);
      return;
    }
    const item: Item<Value> = { key, value, expires_at_ms, place: 0 };
    this.#items.set(key, item);
    this.#heap.add(item);
  }

  #drop(until_ms: number): void {
    for (let count = 0; count < DROPPED_AT_ONCE; count += 1) {
      const { first } = this.#heap;
      if (first === undefined || first.expires_at_ms > until_ms) return;
      this.#heap.removeFirst();
      this.#items.delete(first.key);
      this.#forgotten_until_ms = Math.max(this.#forgotten_until_ms, first.expires_at_ms);
    }
  }
}
