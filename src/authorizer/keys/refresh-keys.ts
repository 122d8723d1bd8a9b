import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { withinTime } from '../../core/within-time.ts';
import { KeySourceError } from './key-source-error.ts';
import type { KeyState } from './key-state.ts';
import { type KeySource, loadKeys } from './load-keys.ts';

/**
 * Fetches an issuer's keys and logs when trouble begins and when it ends. Never rejects.
 *
 * @returns the new state; on a failure it keeps the keys of the previous one. A key set without a usable key is a
 *   failure as well, but one that keeps no keys, since the issuer may have withdrawn them
 */
export async function refreshKeys(
  source: KeySource,
  timeout_ms: number,
  previous: KeyState | undefined,
  { clock, fetch, logger }: { clock: Clock; fetch: typeof globalThis.fetch; logger: Logger },
): Promise<KeyState> {
  const { issuer } = source;
  const reported = previous?.reported ?? false;

  /** A refresh in the background has nobody to catch a throw of the log, and an unhandled rejection ends the process. */
  function tell(level: 'info' | 'warn', message: string, fields: { reason?: string } = {}): void {
    try {
      logger[level]({ issuer, ...fields }, message);
    } catch {}
  }

  try {
    const { keys, count } = await withinTime(
      timeout_ms,
      (signal) => loadKeys(source, fetch, signal),
      () => new KeySourceError(`no answer within ${timeout_ms} ms`),
    );
    const now = clock();
    const times = { fetched_at_ms: now, attempted_at_ms: now };
    if (count === 0) {
      if (!reported) tell('warn', "the issuer's key set has no usable key");
      return { keys: null, ...times, failed: true, reported: true };
    }
    if (reported) tell('info', "the issuer's keys are available again");
    return { keys, ...times, failed: false, reported: false };
  } catch (error) {
    if (!reported) {
      tell('warn', "the issuer's keys could not be fetched", { reason: reasonOf(error) });
    }
    return {
      keys: previous?.keys ?? null,
      fetched_at_ms: previous?.fetched_at_ms ?? 0,
      attempted_at_ms: clock(),
      failed: true,
      reported: true,
    };
  }
}

/** `fetch` says only that it failed; the system's error code, such as ECONNREFUSED, is in its cause. */
function reasonOf(error: unknown): string {
  if (error instanceof KeySourceError) return error.message;
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? `: ${String(cause.code)}` : '';
  return `the request failed${code}`;
}
