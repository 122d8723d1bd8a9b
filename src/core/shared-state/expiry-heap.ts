export interface Expiring {
  expires_at_ms: number;
  /** Where the heap has it. */
  place: number;
}

/** A binary heap: what expires first is on top. Adding, removing the first and moving one take logarithmic time. */
export class ExpiryHeap<Item extends Expiring> {
  readonly #items: Item[] = [];

  get first(): Item | undefined {
    return this.#items[0];
  }

  add(item: Item): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  /** Finds the place of one whose time has changed. */
  move(item: Item): void {
    this.#rise(item, item.place);
    this.#sink(item, item.place);
  }

  removeFirst(): void {
    const last = this.#items.pop();
    if (last !== undefined && this.#items.length > 0) this.#sink(last, 0);
  }

  #rise(item: Item, from: number): void {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#items[above];
      if (parent === undefined || parent.expires_at_ms <= item.expires_at_ms) break;
      this.#put(parent, place);
      place = above;
    }
    this.#put(item, place);
  }

  #sink(item: Item, from: number): void {
    let place = from;
    for (;;) {
      const child = this.#firstBelow(place);
      if (child === undefined || child.expires_at_ms >= item.expires_at_ms) break;
      const below = child.place;
      this.#put(child, place);
      place = below;
    }
    this.#put(item, place);
  }

  #firstBelow(place: number): Item | undefined {
    const left = this.#items[2 * place + 1];
    const right = this.#items[2 * place + 2];
    if (left === undefined || right === undefined) return left;
    return right.expires_at_ms < left.expires_at_ms ? right : left;
  }

  #put(item: Item, place: number): void {
    this.#items[place] = item;
    item.place = place;
  }
}
