import { LRUCache } from 'lru-cache';

interface Shared<T> {
  key: string;
  value: T;
  ids: number;
}

/**
 * Values by the ids of Kong's instances. Kong starts an instance in every nginx worker, and never closes those of a
 * worker that has ended: so equal ones share a value, and ids that nobody has used for longest are dropped when there are
 * too many. An id that was dropped is unknown, which makes Kong start the instance again.
 */
export class InstanceTable<T> {
  readonly #byId: LRUCache<number, Shared<T>>;
  readonly #byKey = new Map<string, Shared<T>>();

  constructor(mostIds = 200_000) {
    this.#byId = new LRUCache({ max: mostIds, dispose: (shared) => this.#release(shared) });
  }

  get(id: number): T | undefined {
    return this.#byId.get(id)?.value;
  }

  has(id: number): boolean {
    return this.#byId.has(id);
  }

  shared(key: string): T | undefined {
    return this.#byKey.get(key)?.value;
  }

  /** @param key equal for values that may take each other's place */
  set(id: number, key: string, create: () => T): T {
    const shared = this.#byKey.get(key) ?? { key, value: create(), ids: 0 };
    this.#byKey.set(key, shared);
    shared.ids += 1;
    this.#byId.set(id, shared);
    return shared.value;
  }

  delete(id: number): void {
    this.#byId.delete(id);
  }

  *entries(): Generator<[number, T]> {
    // Least recently used first, so that setting them in this order elsewhere keeps the order.
    for (const id of this.#byId.rkeys()) {
      const shared = this.#byId.peek(id);
      if (shared !== undefined) yield [id, shared.value];
    }
  }

  #release(shared: Shared<T>): void {
    shared.ids -= 1;
    if (shared.ids === 0) this.#byKey.delete(shared.key);
  }
}
