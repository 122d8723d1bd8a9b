import { LRUCache } from 'lru-cache';
import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';

/** Tells the operator that live context cannot be had and why, once for however many requests meet it. */
export interface TroubleLog {
  apiFailed(reason: string): void;
  apiAnswered(): void;
  /** @param fields what the question is about, as far as a log may say so */
  questionFailed(reason: string, fields: Readonly<Record<string, string>>): void;
}

/** Trouble that comes and goes must not fill the log. */
const MIN_MS_BETWEEN = 10_000;
/** A permission that is missing all the time is told again. */
const TELL_AGAIN_MS = 600_000;
const MAX_TOLD = 1000;

/** @param what names what is asked for, such as `labels of Cloud Run services` */
export function createTroubleLog(
  what: string,
  { clock, logger }: { clock: Clock; logger: Logger },
): TroubleLog {
  /** Of this outage. */
  const reasons = new Set<string>();
  let began_at_ms = Number.NEGATIVE_INFINITY;
  const questions = new LRUCache<string, number>({ max: MAX_TOLD });

  /** Nobody awaits a request that outlives those who asked, and an unhandled rejection ends the process. */
  function tell(level: 'info' | 'warn', fields: Record<string, string>, message: string): void {
    try {
      logger[level](fields, message);
    } catch {}
  }

  return {
    apiFailed(reason) {
      if (reasons.has(reason)) return;
      if (reasons.size === 0) {
        const now = clock();
        if (Math.abs(now - began_at_ms) < MIN_MS_BETWEEN) return;
        began_at_ms = now;
      }
      reasons.add(reason);
      tell('warn', { reason }, `${what} cannot be read`);
    },
    apiAnswered() {
      if (reasons.size === 0) return;
      reasons.clear();
      tell('info', {}, `${what} can be read again`);
    },
    questionFailed(reason, fields) {
      const key = JSON.stringify([reason, fields]);
      const now = clock();
      const told_at_ms = questions.get(key);
      if (told_at_ms !== undefined && Math.abs(now - told_at_ms) < TELL_AGAIN_MS) return;
      questions.set(key, now);
      tell('warn', { ...fields, reason }, `${what} cannot be read`);
    },
  };
}
