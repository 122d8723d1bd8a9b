import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import { Malfunction } from '../malfunction.ts';
import { withinTime } from '../within-time.ts';
import type { AccessToken, AccessTokenSource } from './access-token-source.ts';
import { failureReason } from './failure-reason.ts';

/** Access tokens by credential and scope, for the whole process. */
export interface AccessTokens {
  /**
   * A token that is still good for a while; without network where one is at hand.
   *
   * @throws Malfunction where none can be had
   */
  get(source: AccessTokenSource, scope: string): Promise<string>;
  /** Forgets a token that an API did not take. */
  reject(source: AccessTokenSource, scope: string, token: string): void;
}

interface Entry {
  token?: AccessToken;
  fetching?: Promise<string>;
  failed_at_ms: number;
}

/** The metadata server hands out one token until five minutes before it expires, so asking earlier brings it again. */
const REFRESH_MS = 225_000;
/** A token sent in its last seconds may be expired when the API looks at it. */
const SAFETY_MS = 10_000;
const REST_MS = 1000;
const FETCH_LIMIT_MS = 10_000;

export function createAccessTokens({
  clock,
  max_entries = 1000,
}: {
  clock: Clock;
  max_entries?: number;
}): AccessTokens {
  const entries = new LRUCache<string, Entry>({ max: max_entries });

  function entryFor({ credential }: AccessTokenSource, scope: string): Entry {
    const key = JSON.stringify([credential, scope]);
    const entry = entries.get(key) ?? { failed_at_ms: Number.NEGATIVE_INFINITY };
    entries.set(key, entry);
    return entry;
  }

  async function fetchToken(
    entry: Entry,
    source: AccessTokenSource,
    scope: string,
  ): Promise<string> {
    try {
      const limit_ms = source.fetch_limit_ms ?? FETCH_LIMIT_MS;
      const token = await withinTime(
        limit_ms,
        (signal) => source.fetchAccessToken(scope, signal),
        () => new Malfunction(`no answer within ${limit_ms} ms`),
      );
      entry.token = token;
      return token.text;
    } catch (error) {
      entry.failed_at_ms = clock();
      const reason = `no access token can be had: ${failureReason(error)}`;
      throw new Malfunction(reason, { cause: error });
    } finally {
      delete entry.fetching;
    }
  }

  return {
    async get(source, scope) {
      const entry = entryFor(source, scope);
      const left_ms = (entry.token?.expires_at_ms ?? 0) - clock();
      if (entry.token === undefined || left_ms <= SAFETY_MS) {
        entry.fetching ??= fetchToken(entry, source, scope);
        return entry.fetching;
      }
      const mayFetch =
        entry.fetching === undefined && Math.abs(clock() - entry.failed_at_ms) >= REST_MS;
      if (left_ms <= REFRESH_MS && mayFetch) {
        entry.fetching = fetchToken(entry, source, scope);
        // Who needs it then is told; this one has a token.
        entry.fetching.catch(() => {});
      }
      return entry.token.text;
    },
    reject(source, scope, token) {
      const entry = entryFor(source, scope);
      if (entry.token?.text === token) delete entry.token;
    },
  };
}
