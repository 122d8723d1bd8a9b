/** A share in something that others may use as well. */
export interface Lease<T> {
  readonly value: T;
  /** To be called once, when it is not used any more. */
  release(): void;
}

export interface Sharing<T> {
  /** @param create is asked where nobody uses it yet */
  use(key: string, create: () => { value: T; close(): void }): Lease<T>;
  values(): T[];
}

/** Keeps one value for each key while anybody uses it, and closes it after the last. */
export function createSharing<T>(): Sharing<T> {
  const entries = new Map<string, { value: T; close(): void; users: number }>();
  return {
    use(key, create) {
      const entry = entries.get(key) ?? { ...create(), users: 0 };
      entries.set(key, entry);
      entry.users += 1;
      return {
        value: entry.value,
        release() {
          entry.users -= 1;
          if (entry.users > 0) return;
          entries.delete(key);
          entry.close();
        },
      };
    },
    values: () => [...entries.values()].map(({ value }) => value),
  };
}
