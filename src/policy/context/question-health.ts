import { LRUCache } from 'lru-cache';

/** Questions that an API does not answer, though it answers others. Each is left alone by itself. */
export interface QuestionHealth {
  isFailing(key: string): boolean;
  /** How long to wait before asking again, and why; no reason where the last answer was one. */
  restOf(key: string, now_ms: number): { rest_ms: number; reason: string | undefined };
  answered(key: string): void;
  failed(key: string, reason: string, now_ms: number): void;
}

interface Failure {
  /** In a row. */
  count: number;
  reason: string;
  retry_at_ms: number;
}

const FIRST_REST_MS = 1000;
/** A permission that is granted counts after that long at the latest. */
const MAX_REST_MS = 10_000;

/** @param random in [0, 1): rests are up to 30 % shorter, so that questions and processes spread out */
export function createQuestionHealth({
  max_entries,
  random,
}: {
  max_entries: number;
  random: () => number;
}): QuestionHealth {
  const failures = new LRUCache<string, Failure>({ max: max_entries });
  return {
    isFailing: (key) => failures.has(key),
    restOf(key, now_ms) {
      const failure = failures.get(key);
      if (failure === undefined) return { rest_ms: 0, reason: undefined };
      const left_ms = failure.retry_at_ms - now_ms;
      // A failure of an hour ago by a clock that was since put back is not a reason to wait for an hour.
      const rest_ms = left_ms > MAX_REST_MS ? 0 : Math.max(0, left_ms);
      return { rest_ms, reason: failure.reason };
    },
    answered(key) {
      failures.delete(key);
    },
    failed(key, reason, now_ms) {
      const count = (failures.get(key)?.count ?? 0) + 1;
      const full_ms = Math.min(MAX_REST_MS, FIRST_REST_MS * 2 ** (count - 1));
      const retry_at_ms = now_ms + full_ms * (1 - 0.3 * random());
      failures.set(key, { count, reason, retry_at_ms });
    },
  };
}
