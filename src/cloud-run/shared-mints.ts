import { LRUCache } from 'lru-cache';
import { failureReason } from '../core/google/failure-reason.ts';
import { parseJson } from '../core/google/parse-json.ts';
import { isJsonObject } from '../core/json.ts';
import { Malfunction } from '../core/malfunction.ts';
import type { SharedState } from '../core/shared-state.ts';
import { withinTime } from '../core/within-time.ts';
import type { IdToken } from './check-id-token.ts';

/**
 * Mints among all processes of a plugin server: for each key one at a time, with its result for all. Where the processes
 * cannot agree each mints for itself: an ID token too many does no harm.
 */
export interface SharedMints {
  /** The newest token that any process minted. */
  latest(key: string): IdToken | undefined;
  /**
   * @param key holds no secret, at most 200 characters
   * @param isWanted whether a token that another process has minted would do
   * @param work mints; called where no other process does so at the moment
   * @throws what the work throws, or Malfunction with the reason of the process that failed
   */
  mint(
    key: string,
    options: { isWanted(token: IdToken): boolean; limit_ms: number },
    work: () => Promise<IdToken>,
  ): Promise<IdToken>;
  /** Tells all processes that a token is not taken, though it should be. */
  reject(key: string, token: IdToken): void;
}

/** What became of the nth attempt. */
type Attempt = { n: number } & (
  | { outcome: 'token'; token: IdToken }
  | { outcome: 'failed'; reason: string }
  | { outcome: 'rejected'; minted_at_ms: number }
  // The token does not fit into an entry.
  | { outcome: 'unshared' }
);

const ATTEMPTS = 'id-token-attempts';
/** Of its own, so that a process that starts while attempts fail still hears of the token that is in force. */
const TOKENS = 'id-tokens';
/** Beyond the time that a mint may take, so that a claim never ends before it. */
const GRACE_MS = 1000;
/** What became of an attempt is of use to those who wait for it, and to whoever numbers the next. */
const TOLD_MS = 60_000;
/** Of an entry of shared state. */
const MAX_VALUE = 4096;
const MAX_KEYS = 10_000;
/** Where a token was rejected while another process waited for it, that one tries once more. */
const MAX_TRIES = 2;

export function createSharedMints({
  state,
  clock,
  onRejected,
}: {
  state: SharedState;
  clock: () => number;
  /** Must not throw. */
  onRejected: (key: string, minted_at_ms: number) => void;
}): SharedMints {
  const attempts = new LRUCache<string, Attempt>({ max: MAX_KEYS });
  const tokens = new LRUCache<string, IdToken>({ max: MAX_KEYS });
  const waiting = new Map<string, Set<() => void>>();

  state.subscribe(ATTEMPTS, ({ key, value }) => {
    const attempt = read<Attempt>(value);
    if (attempt === undefined || attempt.n < (attempts.get(key)?.n ?? 0)) return;
    attempts.set(key, attempt);
    if (attempt.outcome === 'rejected') onRejected(key, attempt.minted_at_ms);
    for (const wake of waiting.get(key) ?? []) wake();
  });
  state.subscribe(TOKENS, ({ key, value }) => {
    const token = read<IdToken>(value);
    if (token !== undefined) tokens.set(key, token);
  });

  /** Nobody waits for the others to know: who needs it is told. */
  function publish(channel: string, key: string, content: object, expires_at_ms: number): void {
    const entry = { key, value: JSON.stringify(content), expires_at_ms };
    state.publish(channel, entry).catch(() => {});
  }

  function tell(key: string, attempt: Attempt): void {
    publish(ATTEMPTS, key, attempt, clock() + TOLD_MS);
  }

  function tellToken(key: string, n: number, token: IdToken): void {
    const attempt: Attempt = { n, outcome: 'token', token };
    if (JSON.stringify(attempt).length > MAX_VALUE) {
      tell(key, { n, outcome: 'unshared' });
      return;
    }
    publish(TOKENS, key, token, token.expires_at_ms);
    tell(key, attempt);
  }

  async function mintAndTell(
    key: string,
    n: number,
    work: () => Promise<IdToken>,
  ): Promise<IdToken> {
    try {
      const token = await work();
      tellToken(key, n, token);
      return token;
    } catch (error) {
      tell(key, { n, outcome: 'failed', reason: failureReason(error) });
      throw error;
    }
  }

  async function outcomeOf(key: string, n: number, limit_ms: number): Promise<Attempt> {
    const known = () => {
      const attempt = attempts.get(key);
      return attempt !== undefined && attempt.n >= n ? attempt : undefined;
    };
    const others = waiting.get(key) ?? new Set();
    waiting.set(key, others);
    let wake = () => {};
    try {
      return await withinTime(
        limit_ms,
        () =>
          new Promise<Attempt>((resolve) => {
            wake = () => {
              const attempt = known();
              if (attempt !== undefined) resolve(attempt);
            };
            others.add(wake);
            wake();
          }),
        () => new Malfunction(`the process that mints did not tell within ${limit_ms} ms`),
      );
    } finally {
      others.delete(wake);
      if (others.size === 0) waiting.delete(key);
    }
  }

  async function claim(key: string, n: number, limit_ms: number): Promise<boolean> {
    try {
      return await state.claim(`${ATTEMPTS}:${key}:${n}`, limit_ms + GRACE_MS);
    } catch {
      return true;
    }
  }

  return {
    latest: (key) => tokens.get(key),
    async mint(key, { isWanted, limit_ms }, work) {
      for (let tries = 1; ; tries += 1) {
        const latest = attempts.get(key);
        if (latest?.outcome === 'token' && isWanted(latest.token)) return latest.token;
        const n = (latest?.n ?? 0) + 1;
        if (await claim(key, n, limit_ms)) return mintAndTell(key, n, work);
        const attempt = await outcomeOf(key, n, limit_ms);
        if (attempt.outcome === 'token') return attempt.token;
        if (attempt.outcome === 'failed') throw new Malfunction(attempt.reason);
        if (attempt.outcome === 'unshared' || tries === MAX_TRIES) return work();
      }
    },
    reject(key, { minted_at_ms }) {
      const n = (attempts.get(key)?.n ?? 0) + 1;
      tell(key, { n, outcome: 'rejected', minted_at_ms });
    },
  };
}

/** Only processes of the same plugin server publish here. */
function read<T extends object>(value: string): T | undefined {
  const content = parseJson(value);
  return isJsonObject(content) ? (content as T) : undefined;
}
