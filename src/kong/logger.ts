import { pino } from 'pino';
import type { Logger } from '../core/logger.ts';

/**
 * JSON lines on standard error, written at once: Kong copies them into its own error log.
 * Standard output stays clean, because Kong parses what a `query_cmd` prints there.
 */
export function createLogger(): Logger {
  const destination = pino.destination({ dest: 2, sync: true });
  // Without a listener, a closed pipe would end the process.
  destination.on('error', () => {});
  return pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}
