import { vi } from 'vitest';

/** Waits for a condition, which has more time than it should ever need on a busy machine. */
export function until(condition: () => boolean): Promise<unknown> {
  return vi.waitUntil(condition, { timeout: 15_000, interval: 20 });
}
