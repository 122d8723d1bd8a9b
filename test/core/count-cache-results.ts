import { type CacheResult, readCacheCounters } from '../../src/core/cache-counters.ts';

/** What a cache has counted since this was called, without results that never came. */
export function countCacheResults(cache: string): () => Partial<Record<CacheResult, number>> {
  const before: Partial<Record<string, number>> = { ...readCacheCounters().get(cache) };
  return () => {
    const counts = Object.entries(readCacheCounters().get(cache) ?? {});
    const since = counts.map(([result, count]) => [result, count - (before[result] ?? 0)] as const);
    return Object.fromEntries(since.filter(([, count]) => count > 0));
  };
}
