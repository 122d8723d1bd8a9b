import type { Logger } from '../../core/logger.ts';

export interface TroubleLog {
  failed(reason: string): void;
  succeeded(): void;
}

/** Trouble that comes and goes within this time is one trouble. */
const QUIET_MS = 5000;

/**
 * Tells when trouble begins, and when it has ended.
 *
 * @param options.fields what it is about
 * @param options.stopwatch milliseconds from any origin
 */
export function createTroubleLog({
  logger,
  fields,
  messages,
  stopwatch,
}: {
  logger: Logger;
  fields: Record<string, unknown>;
  messages: { begins: string; ends: string };
  stopwatch: () => number;
}): TroubleLog {
  let failed_at_ms: number | undefined;

  /** Nobody catches a throw of the log in the background, and an unhandled rejection ends the process. */
  function tell(level: 'info' | 'error', message: string, more: { reason?: string } = {}): void {
    try {
      logger[level]({ ...fields, ...more }, message);
    } catch {}
  }

  return {
    failed(reason) {
      const begins = failed_at_ms === undefined;
      failed_at_ms = stopwatch();
      if (begins) tell('error', messages.begins, { reason });
    },
    succeeded() {
      if (failed_at_ms === undefined || stopwatch() - failed_at_ms < QUIET_MS) return;
      failed_at_ms = undefined;
      tell('info', messages.ends);
    },
  };
}
