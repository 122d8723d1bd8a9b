import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { countCacheResult } from '../core/cache-counters.ts';
import type { Clock } from '../core/clock.ts';
import { failureReason } from '../core/google/failure-reason.ts';
import type { Logger } from '../core/logger.ts';
import { Malfunction } from '../core/malfunction.ts';
import type { SharedState } from '../core/shared-state.ts';
import { backOffMs, MAX_BACK_OFF_MS } from './back-off.ts';
import type { IdToken } from './check-id-token.ts';
import type { IdTokenSource } from './id-token-source.ts';
import { mintIdToken } from './mint-id-token.ts';
import { createSharedMints } from './shared-mints.ts';
import { isUnexpired, isUsable, refreshIsDue } from './token-life.ts';
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
  token?: IdToken;
  /** Tokens that were minted until then are not taken. */
  rejected_until_ms: number;
  /** Places the refresh within the margin, so that processes spread out. In [0, 1). */
  jitter: number;
  mint?: Promise<IdTokenResult>;
  failures: number;
  retry_at_ms: number;
  /** What the log already says of this period of failure. */
  reported: 'nothing' | 'refresh failing' | 'refusing';
}

/** Its name among the metrics. */
const CACHE = 'id_tokens';

/** A mint may take longer than a request waits, so that a slow source still fills the cache. */
const MINT_LIMIT_MS = 10_000;
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
  max_entries = 1000,
}: {
  clock: Clock;
  state: SharedState;
  random?: () => number;
  max_entries?: number;
}): IdTokenCache {
  const entries = new LRUCache<string, Entry>({ max: max_entries });
  const mints = createSharedMints({
    state,
    clock,
    onRejected(key, minted_at_ms) {
      for (const entry of entries.values()) if (entry.key === key) giveUp(entry, minted_at_ms);
    },
  });

  function entryFor({ source, audience }: Pick<IdTokenRequest, 'source' | 'audience'>): Entry {
    const text = JSON.stringify([source.credential, source.account, audience]);
    const found = entries.get(text);
    if (found !== undefined) return found;
    const entry: Entry = {
      key: createHash('sha256').update(text).digest('base64url'),
      rejected_until_ms: Number.NEGATIVE_INFINITY,
      jitter: 0,
      failures: 0,
      retry_at_ms: 0,
      reported: 'nothing',
    };
    entries.set(text, entry);
    return entry;
  }

  /** Takes a token that another process has minted, where it is the better one. */
  function adopt(entry: Entry): void {
    const latest = mints.latest(entry.key);
    if (latest === undefined || !isBetter(latest, entry)) return;
    Object.assign(entry, { token: latest, jitter: random(), failures: 0, retry_at_ms: 0 });
  }

  function isBetter(other: IdToken, { token, rejected_until_ms }: Entry): boolean {
    return (
      isUsable(other, clock()) &&
      other.minted_at_ms > rejected_until_ms &&
      other.expires_at_ms > (token?.expires_at_ms ?? 0)
    );
  }

  /** A token that is rejected is kept: where no other can be had, it is for the upstream to refuse. */
  function giveUp(entry: Entry, minted_at_ms: number): void {
    entry.rejected_until_ms = Math.max(entry.rejected_until_ms, minted_at_ms);
  }

  function isGood({ token, rejected_until_ms }: Entry, now: number): boolean {
    return isUsable(token, now) && token.minted_at_ms > rejected_until_ms;
  }

  function startMint(entry: Entry, request: IdTokenRequest): Promise<IdTokenResult> {
    const { source, audience, timeout_ms } = request;
    const limit_ms = Math.max(timeout_ms, MINT_LIMIT_MS);
    entry.mint = mints
      .mint(entry.key, { isWanted: (token) => isBetter(token, entry), limit_ms }, () =>
        mintIdToken(source, audience, { clock, limit_ms }),
      )
      .then(
        (token) => succeed(entry, request, token),
        (error) => fail(entry, request, error),
      )
      .finally(() => {
        delete entry.mint;
      });
    return entry.mint;
  }

  function succeed(entry: Entry, request: IdTokenRequest, token: IdToken): IdTokenResult {
    if (!isUsable(token, clock())) return tideOver(entry, request, token);
    const recovered = entry.reported !== 'nothing';
    Object.assign(entry, { token, jitter: random(), failures: 0, retry_at_ms: 0 });
    entry.reported = 'nothing';
    if (recovered) log(request, 'info', {}, 'ID tokens can be had again');
    return { outcome: 'token', token: token.text };
  }

  /** Serves a token that came nearly used up, and rests as after a first failure: the next one may be as short. */
  function tideOver(entry: Entry, request: IdTokenRequest, token: IdToken): IdTokenResult {
    if (token.expires_at_ms > (entry.token?.expires_at_ms ?? 0)) entry.token = token;
    entry.failures = 0;
    return fail(entry, request, new Malfunction('the ID token came with only seconds to live'));
  }

  function fail(entry: Entry, request: IdTokenRequest, error: unknown): IdTokenResult {
    entry.failures += 1;
    const delay_ms = backOffMs(entry.failures, random());
    entry.retry_at_ms = clock() + delay_ms;
    report(entry, request, failureReason(error));
    return lastResort(entry, delay_ms);
  }

  /** Once when refreshing begins to fail, and once when requests begin to be refused. */
  function report(entry: Entry, request: IdTokenRequest, reason: string): void {
    const refusing = !isUnexpired(entry.token, clock());
    if (entry.reported === 'refusing' || (!refusing && entry.reported !== 'nothing')) return;
    entry.reported = refusing ? 'refusing' : 'refresh failing';
    if (refusing) {
      log(request, 'error', { reason }, 'no ID token can be had; requests are refused');
    } else {
      log(request, 'warn', { reason }, 'an ID token cannot be refreshed; it is served on');
    }
  }

  /** A token in its last seconds may come too late, but a refusal is certain. */
  function lastResort({ token }: Entry, retry_after_ms: number): IdTokenResult {
    return isUnexpired(token, clock())
      ? { outcome: 'token', token: token.text }
      : unavailable(retry_after_ms);
  }

  /** A failure of an hour ago by a clock that was since put back is not a reason to wait for an hour. */
  function backOffLeft(entry: Entry, now: number): number {
    const left_ms = entry.retry_at_ms - now;
    return left_ms > MAX_BACK_OFF_MS ? 0 : Math.max(0, left_ms);
  }

  return {
    async get(request) {
      const entry = entryFor(request);
      const now = clock();
      if (!isGood(entry, now)) adopt(entry);
      const resting_ms = entry.mint === undefined ? backOffLeft(entry, now) : 0;
      const { token } = entry;
      if (token !== undefined && isGood(entry, now)) {
        const due = refreshIsDue(token, request.refresh_margin_ms, entry.jitter, now);
        if (due && entry.mint === undefined && resting_ms === 0) void startMint(entry, request);
        countCacheResult(CACHE, 'hit');
        return { outcome: 'token', token: token.text };
      }
      const result =
        resting_ms > 0
          ? lastResort(entry, resting_ms)
          : await within(request.timeout_ms, entry.mint ?? startMint(entry, request), () => {
              report(entry, request, `no answer within ${request.timeout_ms} ms`);
              return lastResort(entry, 0);
            });
      const age = isGood(entry, clock()) ? 'miss' : 'stale';
      countCacheResult(CACHE, result.outcome === 'token' ? age : 'failed');
      return result;
    },
    async warm(request) {
      const entry = entryFor(request);
      const now = clock();
      if (!isGood(entry, now)) adopt(entry);
      if (isGood(entry, now) || entry.mint !== undefined || backOffLeft(entry, now) > 0) return;
      await startMint(entry, request);
    },
    reject(request) {
      const entry = entryFor(request);
      adopt(entry);
      const { token } = entry;
      const now = clock();
      if (token === undefined || !isGood(entry, now)) return;
      if (Math.abs(now - token.minted_at_ms) < REJECTED_AT_MOST_EVERY_MS) return;
      giveUp(entry, token.minted_at_ms);
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
  { source, audience, logger }: Pick<IdTokenRequest, 'source' | 'audience' | 'logger'>,
  level: keyof Logger,
  fields: { reason?: string },
  message: string,
): void {
  try {
    logger[level]({ account: source.account, audience, ...fields }, message);
  } catch {}
}
