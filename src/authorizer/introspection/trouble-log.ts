import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';

/** Tells the operator when introspection begins to fail, each reason once, and when it works again. */
export interface TroubleLog {
  failed(reason: string): void;
  succeeded(): void;
}

/** Trouble that comes and goes, as a token that the endpoint cannot cope with makes it, must not fill the log. */
const MIN_MS_BETWEEN = 10_000;

/** @param fields name the endpoint and the client */
export function createTroubleLog(
  fields: Record<string, string>,
  { clock, logger }: { clock: Clock; logger: Logger },
): TroubleLog {
  const told = new Set<string>();
  let began_at_ms = Number.NEGATIVE_INFINITY;

  /** Nobody awaits a request that outlives those who asked, and an unhandled rejection ends the process. */
  function tell(level: 'info' | 'warn', message: string, more: { reason?: string } = {}): void {
    try {
      logger[level]({ ...fields, ...more }, message);
    } catch {}
  }

  return {
    failed(reason) {
      if (told.has(reason)) return;
      if (told.size === 0) {
        const now = clock();
        if (Math.abs(now - began_at_ms) < MIN_MS_BETWEEN) return;
        began_at_ms = now;
      }
      told.add(reason);
      tell('warn', 'tokens cannot be introspected', { reason });
    },
    succeeded() {
      if (told.size === 0) return;
      told.clear();
      tell('info', 'tokens can be introspected again');
    },
  };
}
