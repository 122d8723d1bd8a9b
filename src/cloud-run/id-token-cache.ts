import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { countCacheResult } from '../core/cache-counters.ts';
import type { Clock } from '../core/clock.ts';
import { backOffLeftMs, backOffMs } from '../core/google/back-off.ts';
import { failureReason } from '../core/google/failure-reason.ts';
import type { Logger } from '../core/logger.ts';
import type { SharedState } from '../core/shared-state.ts';
import type { IdToken } from './check-id-token.ts';
import type { IdTokenSource } from './id-token-source.ts';
import { mintIdToken } from './mint-id-token.ts';
import { createSharedMints, type Minted } from './shared-mints.ts';
import { isRejected, isUnexpired, isUsable, refreshIsDue } from './token-life.ts';
import { within } from './within.ts';

export interface IdTokenRequest {
  source: IdTokenSource;
  audience: string;
  /** From this long before expiry on, the token is refreshed in the background. */
  refresh_margin_ms: number;
  /** How long this request waits; the mint itself may go on for others. */
  timeout_ms: number;
  logger: Logger;
}

type IdTokenResult =
  | { outcome: 'token'; token: string }
  | { outcome: 'unavailable'; retry_after_seconds: number };

export interface IdTokenCache {
  /** Never rejects. Without network while a token is valid. */
  get(request: IdTokenRequest): Promise<IdTokenResult>;
  /** Mints ahead of the first request, where there is no token. Never rejects. */
  warm(request: IdTokenRequest): Promise<void>;
  /**
   * Hears that the upstream did not take a token which ought to be good: the next request has a new one. A token that
   * has just come is not given up, as the next would fare no better.
   */
  reject(request: Pick<IdTokenRequest, 'source' | 'audience' | 'logger'>): void;
}

interface Entry {
  /** Names credential, account and audience without telling them. */
  readonly key: string;
  /** Places the refresh within the margin, so that processes spread out. In [0, 1). */
  readonly jitter: number;
  mint?: Promise<IdTokenResult>;
  /** What the log already says of this period of failure. */
  reported: 'nothing' | 'refresh failing' | 'refusing';
}

type Named = Pick<IdTokenRequest, 'source' | 'audience' | 'logger'>;

/** Its name among the metrics. */
const CACHE = 'id_tokens';

/** Where tokens are rejected for a reason that a new one does not mend, that many are minted and no more. */
const REJECTED_AT_MOST_EVERY_MS = 30_000;

/**
 * ID tokens by credential, account and audience, for the whole process and, by shared state, the others of its plugin
 * server. Each is minted once however many requests wait for it, refreshed before it expires, and served until then even
 * where refreshing fails.
 *
 * @param random in [0, 1)
 */
export function createIdTokenCache({
  clock,
  state,
  random = Math.random,
  max_entries = 10_000,
}: {
  clock: Clock;
  state: SharedState;
  random?: () => number;
  max_entries?: number;
}): IdTokenCache {
  const entries = new LRUCache<string, Entry>({ max: max_entries });
  const mints = createSharedMints({ state, clock });

  function entryFor({ source, audience }: Named): Entry {
    const text = JSON.stringify([source.credential, source.account, audience]);
    const found = entries.get(text);
    if (found !== undefined) return found;
    const key = createHash('sha256').update(text).digest('base64url');
    const entry: Entry = { key, jitter: random(), reported: 'nothing' };
    entries.set(text, entry);
    return entry;
  }

  function isGood(token: IdToken | undefined, { rejected_until_ms }: Minted): token is IdToken {
    const now = clock();
    return isUsable(token, now) && !isRejected(token, rejected_until_ms, now);
  }

  function startMint(entry: Entry, request: IdTokenRequest): Promise<IdTokenResult> {
    const { source, audience, timeout_ms } = request;
    const { token: old } = mints.of(entry.key);
    entry.mint = mints
      .mint(entry.key, {
        isWanted: (token) =>
          isGood(token, mints.of(entry.key)) && token.minted_at_ms !== old?.minted_at_ms,
        work: () => mintIdToken(source, audience, { clock, timeout_ms }),
        restMs: (failures, error) => backOffMs(failures, random(), error),
      })
      .then(
        (token) => succeed(entry, request, token),
        (error) => fail(entry, request, failureReason(error)),
      )
      .finally(() => {
        delete entry.mint;
      });
    return entry.mint;
  }

  function succeed(entry: Entry, request: IdTokenRequest, token: IdToken): IdTokenResult {
    if (isUsable(token, clock())) {
      recover(entry, request);
      return { outcome: 'token', token: token.text };
    }
    // A token that came nearly used up is served on. The next one may be as short, so the source is left alone.
    const reason = 'the ID token came with only seconds to live';
    const retry_at_ms = clock() + backOffMs(1, random());
    mints.rest(entry.key, { failures: 1, retry_at_ms, reason });
    return fail(entry, request, reason);
  }

  function fail(entry: Entry, request: IdTokenRequest, reason: string): IdTokenResult {
    report(entry, request, reason);
    return lastResort(entry);
  }

  /** Once when refreshing begins to fail, and once when requests begin to be refused. */
  function report(entry: Entry, request: IdTokenRequest, reason: string): void {
    const refusing = !isUnexpired(mints.of(entry.key).token, clock());
    if (entry.reported === 'refusing' || (!refusing && entry.reported !== 'nothing')) return;
    entry.reported = refusing ? 'refusing' : 'refresh failing';
    if (refusing) {
      log(request, 'error', { reason }, 'no ID token can be had; requests are refused');
    } else {
      log(request, 'warn', { reason }, 'an ID token cannot be refreshed; it is served on');
    }
  }

  function recover(entry: Entry, request: IdTokenRequest): void {
    if (entry.reported === 'nothing') return;
    entry.reported = 'nothing';
    log(request, 'info', {}, 'ID tokens can be had again');
  }

  /** A token in its last seconds may come too late, and one that was rejected will not do, but a refusal is certain. */
  function lastResort(entry: Entry): IdTokenResult {
    const { token } = mints.of(entry.key);
    return isUnexpired(token, clock())
      ? { outcome: 'token', token: token.text }
      : unavailable(restLeftMs(entry));
  }

  function restLeftMs({ key }: Entry): number {
    const { failure } = mints.of(key);
    return failure === undefined ? 0 : backOffLeftMs(failure.retry_at_ms, clock());
  }

  function isDue(entry: Entry, token: IdToken, refresh_margin_ms: number): boolean {
    return (
      entry.mint === undefined &&
      refreshIsDue(token, refresh_margin_ms, entry.jitter, clock()) &&
      restLeftMs(entry) === 0
    );
  }

  return {
    async get(request) {
      const entry = entryFor(request);
      const minted = mints.of(entry.key);
      const { token } = minted;
      if (isGood(token, minted)) {
        if (isDue(entry, token, request.refresh_margin_ms)) void startMint(entry, request);
        if (minted.failure === undefined) recover(entry, request);
        countCacheResult(CACHE, 'hit');
        return { outcome: 'token', token: token.text };
      }
      const result =
        entry.mint === undefined && restLeftMs(entry) > 0
          ? fail(entry, request, minted.failure?.reason ?? 'it failed')
          : await within(request.timeout_ms, entry.mint ?? startMint(entry, request), () => {
              report(entry, request, `no answer within ${request.timeout_ms} ms`);
              return lastResort(entry);
            });
      const age = isGood(mints.of(entry.key).token, mints.of(entry.key)) ? 'miss' : 'stale';
      countCacheResult(CACHE, result.outcome === 'token' ? age : 'failed');
      return result;
    },
    async warm(request) {
      const entry = entryFor(request);
      const minted = mints.of(entry.key);
      if (isGood(minted.token, minted) || entry.mint !== undefined || restLeftMs(entry) > 0) return;
      await startMint(entry, request);
    },
    reject(request) {
      const entry = entryFor(request);
      const minted = mints.of(entry.key);
      const { token } = minted;
      if (!isGood(token, minted)) return;
      if (Math.abs(clock() - token.minted_at_ms) < REJECTED_AT_MOST_EVERY_MS) return;
      mints.reject(entry.key, token);
      log(request, 'warn', {}, 'the upstream did not take an ID token; a new one is minted');
    },
  };
}

function unavailable(after_ms: number): IdTokenResult {
  return {
    outcome: 'unavailable',
    retry_after_seconds: Math.max(1, Math.ceil(after_ms / 1000)),
  };
}

/** A background refresh has nobody to catch a throw of the log, and an unhandled rejection ends the process. */
function log(
  { source, audience, logger }: Named,
  level: keyof Logger,
  fields: { reason?: string },
  message: string,
): void {
  try {
    logger[level]({ account: source.account, audience, ...fields }, message);
  } catch {}
}
