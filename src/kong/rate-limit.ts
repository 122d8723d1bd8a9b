import { LRUCache } from 'lru-cache';

/** Beyond any number of different things worth saying. */
const MAX_KEYS = 1000;

/**
 * Says for each key whether it is time to speak of it again: a condition that refuses every request must not also fill
 * the disk.
 *
 * @param periodMs by `stopwatch`; Infinity for once
 * @param stopwatch milliseconds from any origin
 */
export function createRateLimit(
  periodMs: number,
  stopwatch: () => number = () => performance.now(),
): (key: string) => boolean {
  const spoken = new LRUCache<string, number>({ max: MAX_KEYS });
  return (key) => {
    const now = stopwatch();
    const last = spoken.get(key);
    if (last !== undefined && now - last < periodMs) return false;
    spoken.set(key, now);
    return true;
  };
}
