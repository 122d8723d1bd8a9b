import type { Clock } from '../../../core/clock.ts';
import { withinTime } from '../../../core/within-time.ts';
import { ContextError } from '../context-error.ts';
import type { AccessToken, AccessTokenSource } from './access-token-source.ts';
import { failureReason } from './failure-reason.ts';

/** Access tokens by scope, for the whole process. */
export interface AccessTokens {
  /** From now on tokens come from here. Those of another credential are forgotten. */
  use(source: AccessTokenSource): void;
  /**
   * A token that is still good for a while; without network where one is at hand.
   *
   * @throws ContextError where none can be had
   */
  get(scope: string): Promise<string>;
  /** Forgets a token that an API did not take. */
  reject(scope: string, token: string): void;
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
const FETCH_LIMIT_MS = 5000;

export function createAccessTokens({ clock }: { clock: Clock }): AccessTokens {
  const entries = new Map<string, Entry>();
  let source: AccessTokenSource | undefined;

  function entryFor(scope: string): Entry {
    const entry = entries.get(scope) ?? { failed_at_ms: Number.NEGATIVE_INFINITY };
    entries.set(scope, entry);
    return entry;
  }

  async function fetchToken(entry: Entry, scope: string): Promise<string> {
    try {
      if (source === undefined) throw new ContextError('there are no credentials', 'api');
      const from = source;
      const token = await withinTime(
        FETCH_LIMIT_MS,
        (signal) => from.fetchAccessToken(scope, signal),
        () => new ContextError(`no answer within ${FETCH_LIMIT_MS} ms`, 'api'),
      );
      entry.token = token;
      return token.text;
    } catch (error) {
      entry.failed_at_ms = clock();
      const reason = `no access token can be had: ${failureReason(error)}`;
      throw new ContextError(reason, 'api', { cause: error });
    } finally {
      delete entry.fetching;
    }
  }

  return {
    use(next) {
      if (source?.credential !== next.credential) entries.clear();
      source = next;
    },
    async get(scope) {
      const entry = entryFor(scope);
      const left_ms = (entry.token?.expires_at_ms ?? 0) - clock();
      if (entry.token === undefined || left_ms <= SAFETY_MS) {
        entry.fetching ??= fetchToken(entry, scope);
        return entry.fetching;
      }
      const mayFetch =
        entry.fetching === undefined && Math.abs(clock() - entry.failed_at_ms) >= REST_MS;
      if (left_ms <= REFRESH_MS && mayFetch) {
        entry.fetching = fetchToken(entry, scope);
        // Who needs it then is told; this one has a token.
        entry.fetching.catch(() => {});
      }
      return entry.token.text;
    },
    reject(scope, token) {
      const entry = entryFor(scope);
      if (entry.token?.text === token) delete entry.token;
    },
  };
}
