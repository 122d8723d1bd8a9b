import type { Logger } from '../../core/logger.ts';

/** Logs from the background, where nobody catches the throw of a full or closed log. */
export function tell(
  logger: Logger,
  level: 'info' | 'warn' | 'error',
  fields: Record<string, unknown>,
  message: string,
): void {
  try {
    logger[level](fields, message);
  } catch {}
}
