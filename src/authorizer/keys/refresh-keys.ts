import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { KeySourceError } from './key-source-error.ts';
import type { KeyState } from './key-state.ts';
import { type KeySource, loadKeys } from './load-keys.ts';
import { withTimeout } from './with-timeout.ts';

/**
 * Fetches an issuer's keys and logs when trouble begins and when it ends.
 *
 * @returns the new state; on a failure it keeps the keys of the previous one
 */
export async function refreshKeys(
  source: KeySource,
  timeout_ms: number,
  previous: KeyState | undefined,
  { clock, fetch, logger }: { clock: Clock; fetch: typeof globalThis.fetch; logger: Logger },
): Promise<KeyState> {
  const { issuer } = source;
  const reported = previous?.reported ?? false;
  try {
    const { keys, count } = await withTimeout(timeout_ms, (signal) =>
      loadKeys(source, fetch, signal),
    );
    const now = clock();
    const hasNone = count === 0;
    if (hasNone && !reported) logger.warn({ issuer }, "the issuer's key set has no usable key");
    if (!hasNone && reported) logger.info({ issuer }, "the issuer's keys are available again");
    return { keys, fetched_at_ms: now, attempted_at_ms: now, failed: false, reported: hasNone };
  } catch (error) {
    if (!reported) {
      logger.warn({ issuer, reason: reasonOf(error) }, "the issuer's keys could not be fetched");
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
