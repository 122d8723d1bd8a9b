/**
 * What a cache had to offer:
 * - `hit`: a value that was there and fresh;
 * - `miss`: one that had to be fetched or made first, by this request or by one that it waited with;
 * - `stale`: an old one, because a newer one is not there yet;
 * - `failed`: none.
 */
export type CacheResult = 'hit' | 'miss' | 'stale' | 'failed';

export type CacheCounters = ReadonlyMap<string, Readonly<Record<CacheResult, number>>>;

type Table = Map<string, Record<CacheResult, number>>;

/** Each plugin is bundled with a copy of this module, and so is the server that tells the numbers: they meet here. */
const TABLE = Symbol.for('kong-cloud-run-auth.cache-counters');

/** @param cache a fixed name, which becomes a metric's label: never anything of a request */
export function countCacheResult(cache: string, result: CacheResult): void {
  const table = counters();
  let counts = table.get(cache);
  if (counts === undefined) {
    counts = { hit: 0, miss: 0, stale: 0, failed: 0 };
    table.set(cache, counts);
  }
  counts[result] += 1;
}

/** Everything that was counted since the process began. */
export function readCacheCounters(): CacheCounters {
  return counters();
}

function counters(): Table {
  const shared = globalThis as { [TABLE]?: Table };
  shared[TABLE] ??= new Map();
  return shared[TABLE];
}
