import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { withinTime } from '../../core/within-time.ts';
import { KeySourceError } from './key-source-error.ts';
import type { KeyState } from './key-state.ts';
import { type KeySource, loadKeys } from './load-keys.ts';

export interface RefreshDependencies {
  clock: Clock;
  fetch: typeof globalThis.fetch;
  logger: Logger;
}

/** Why keys are fetched: they are due, or a token names a key that is not among them. */
export type RefreshReason = 'due' | 'unknown_key';

/**
 * Fetches an issuer's keys and logs when trouble begins and when it ends. Never rejects.
 *
 * @returns the new state; on a failure it keeps what was published before. A key set without a usable key is a
 *   failure as well, but one that keeps no keys, since the issuer may have withdrawn them
 */
export async function refreshKeys(
  source: KeySource,
  { reason, timeout_ms }: { reason: RefreshReason; timeout_ms: number },
  previous: KeyState | undefined,
  { clock, fetch, logger }: RefreshDependencies,
): Promise<KeyState> {
  const { issuer } = source;
  const reported = previous?.reported ?? false;
  const asked_at_ms = clock();

  /** A refresh in the background has nobody to catch a throw of the log, and an unhandled rejection ends the process. */
  function tell(level: 'info' | 'warn', message: string, fields: { reason?: string } = {}): void {
    try {
      logger[level]({ issuer, ...fields }, message);
    } catch {}
  }

  function attempted() {
    const attempted_at_ms = clock();
    const searched_at_ms =
      reason === 'unknown_key' ? attempted_at_ms : (previous?.searched_at_ms ?? null);
    return { attempted_at_ms, searched_at_ms };
  }

  try {
    const known = { previous: previous?.published, fromOrigin: reason === 'unknown_key' };
    const published = await withinTime(
      timeout_ms,
      (signal) => loadKeys(source, known, fetch, signal),
      () => new KeySourceError(`no answer within ${timeout_ms} ms`),
    );
    const failed = published.keySet.content === null;
    if (failed && !reported) tell('warn', "the issuer's key set has no usable key");
    if (!failed && reported) tell('info', "the issuer's keys are available again");
    return { published, fetched_at_ms: asked_at_ms, ...attempted(), failed, reported: failed };
  } catch (error) {
    if (!reported) {
      tell('warn', "the issuer's keys could not be fetched", { reason: reasonOf(error) });
    }
    return {
      published: previous?.published,
      fetched_at_ms: previous?.fetched_at_ms ?? 0,
      ...attempted(),
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
