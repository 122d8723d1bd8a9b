import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import { hedge } from '../hedge.ts';
import { Malfunction } from '../malfunction.ts';
import type { AccessToken, AccessTokenSource } from './access-token-source.ts';
import { backOffLeftMs, backOffMs } from './back-off.ts';
import { failureReason } from './failure-reason.ts';

/** Access tokens by credential and scope, for the whole process. */
export interface AccessTokens {
  /**
   * A token that is still good for a while; without network where one is at hand.
   *
   * @throws Malfunction where none can be had
   */
  get(source: AccessTokenSource, scope: string): Promise<string>;
  /**
   * Forgets a token that an API did not take, unless it has just come.
   *
   * @returns whether another attempt may help
   */
  reject(source: AccessTokenSource, scope: string, token: string): boolean;
}

interface Entry {
  token?: AccessToken;
  fetched_at_ms: number;
  fetching?: Promise<string>;
  failure?: { failures: number; retry_at_ms: number; error: Malfunction };
}

/** The metadata server hands out one token until five minutes before it expires, so asking earlier brings it again. */
const REFRESH_MS = 225_000;
/** A token sent in its last seconds may be expired when the API looks at it. */
const SAFETY_MS = 10_000;
/** An answer that seems lost on the way is asked for again while requests still wait for it. */
const HEDGE_MS = 2000;
const FETCH_LIMIT_MS = 10_000;
/** An API that does not take a token which has just come has another reason. */
const REJECTED_AT_MOST_EVERY_MS = 30_000;

export function createAccessTokens({
  clock,
  random = Math.random,
  max_entries = 1000,
}: {
  clock: Clock;
  /** in [0, 1) */
  random?: () => number;
  max_entries?: number;
}): AccessTokens {
  const entries = new LRUCache<string, Entry>({ max: max_entries });

  function entryFor({ credential }: AccessTokenSource, scope: string): Entry {
    const key = JSON.stringify([credential, scope]);
    const entry = entries.get(key) ?? { fetched_at_ms: 0 };
    entries.set(key, entry);
    return entry;
  }

  async function fetchWithin(source: AccessTokenSource, scope: string): Promise<AccessToken> {
    const { fetch_limit_ms: limit_ms = FETCH_LIMIT_MS } = source;
    return await hedge((signal) => source.fetchAccessToken(scope, signal), {
      // What has a time of its own is a program that somebody wrote, and is not run twice.
      after_ms: source.fetch_limit_ms === undefined ? HEDGE_MS : limit_ms,
      limit_ms,
      late: () => new Malfunction(`no answer within ${limit_ms} ms`),
    });
  }

  async function fetchToken(
    entry: Entry,
    source: AccessTokenSource,
    scope: string,
  ): Promise<string> {
    try {
      const token = await fetchWithin(source, scope);
      Object.assign(entry, { token, fetched_at_ms: clock() });
      delete entry.failure;
      return token.text;
    } catch (cause) {
      const failures = (entry.failure?.failures ?? 0) + 1;
      const retry_at_ms = clock() + backOffMs(failures, random(), cause);
      const reason = `no access token can be had: ${failureReason(cause)}`;
      const error = new Malfunction(reason, { cause });
      entry.failure = { failures, retry_at_ms, error };
      throw error;
    } finally {
      delete entry.fetching;
    }
  }

  function restMs({ failure }: Entry): number {
    return failure === undefined ? 0 : backOffLeftMs(failure.retry_at_ms, clock());
  }

  return {
    async get(source, scope) {
      const entry = entryFor(source, scope);
      const left_ms = (entry.token?.expires_at_ms ?? 0) - clock();
      if (entry.token === undefined || left_ms <= SAFETY_MS) {
        // However many ask, on behalf of however many audiences, a source that fails is left alone for a while.
        if (entry.fetching === undefined && entry.failure !== undefined && restMs(entry) > 0) {
          throw entry.failure.error;
        }
        entry.fetching ??= fetchToken(entry, source, scope);
        return entry.fetching;
      }
      if (left_ms <= REFRESH_MS && entry.fetching === undefined && restMs(entry) === 0) {
        entry.fetching = fetchToken(entry, source, scope);
        // Who needs it then is told; this one has a token.
        entry.fetching.catch(() => {});
      }
      return entry.token.text;
    },
    reject(source, scope, token) {
      const entry = entryFor(source, scope);
      if (entry.token?.text !== token) return true;
      if (Math.abs(clock() - entry.fetched_at_ms) < REJECTED_AT_MOST_EVERY_MS) return false;
      delete entry.token;
      return true;
    },
  };
}
