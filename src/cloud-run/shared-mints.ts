import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.ts';
import { failureReason } from '../core/google/failure-reason.ts';
import { parseJson } from '../core/google/parse-json.ts';
import { isJsonObject } from '../core/json.ts';
import { Malfunction } from '../core/malfunction.ts';
import type { SharedState } from '../core/shared-state.ts';
import type { IdToken } from './check-id-token.ts';

/** What all processes of a plugin server know of the ID tokens of one account for one audience. */
export interface Minted {
  /** The one that lives longest. */
  readonly token?: IdToken;
  /** Tokens that were minted until then were not taken by the upstream. Milliseconds since the Unix epoch. */
  readonly rejected_until_ms: number;
  /** Of the latest attempt; absent where that had a token. */
  readonly failure?: Failure;
}

interface Failure {
  /** In a row. */
  failures: number;
  retry_at_ms: number;
  reason: string;
}

export interface MintOptions {
  /** Whether a token that another process has minted would do. */
  isWanted(token: IdToken): boolean;
  work(): Promise<IdToken>;
  /** How long to leave the source alone after so many failures in a row, in milliseconds. */
  restMs(failures: number, error: unknown): number;
}

/**
 * Mints among all processes of a plugin server: one at a time for each key, with its result for all. Where they cannot
 * agree, or the one that mints does not tell, another does: an ID token too many does no harm.
 */
export interface SharedMints {
  /** @param key holds no secret, at most 200 characters */
  of(key: string): Minted;
  /** @throws what the work throws, or Malfunction with the reason of the process that failed */
  mint(key: string, options: MintOptions): Promise<IdToken>;
  /** The source is left alone, though it gave a token. */
  rest(key: string, failure: Failure): void;
  /** The upstream does not take a token that it ought to. */
  reject(key: string, token: IdToken): void;
}

/** Attempts are numbered, so that each is claimed by one process. */
type Numbered<T> = T & { n: number };

interface Known {
  n: number;
  token?: IdToken;
  rejected_until_ms: number;
  failure?: Numbered<Failure>;
}

const TOKENS = 'id-tokens';
const FAILURES = 'id-token-failures';
const REJECTIONS = 'id-token-rejections';

/** How long a process waits for another that mints: it may have ended, and requests wait for a few seconds only. */
const WAIT_MS = 1500;
/** After that many it mints without asking anybody. */
const MAX_WAITS = 4;
const CLAIM_MS = 15_000;
const MAX_KEYS = 10_000;
/** For processes that start meanwhile. */
const FAILURE_TOLD_MS = 600_000;
/** Of an entry of shared state. */
const MAX_VALUE = 4096;

export function createSharedMints({
  state,
  clock,
}: {
  state: SharedState;
  clock: Clock;
}): SharedMints {
  const all = new LRUCache<string, Known>({ max: MAX_KEYS });
  const waiting = new Map<string, Set<() => void>>();

  function knownOf(key: string): Known {
    const found = all.get(key);
    if (found !== undefined) return found;
    const known: Known = { n: 0, rejected_until_ms: Number.NEGATIVE_INFINITY };
    all.set(key, known);
    return known;
  }

  function wake(key: string): void {
    for (const wakeUp of waiting.get(key) ?? []) wakeUp();
  }

  function learnToken(key: string, { n, ...token }: Numbered<IdToken>): void {
    const known = knownOf(key);
    known.n = Math.max(known.n, n);
    known.token = better(known.token, token, known.rejected_until_ms);
    if (n >= (known.failure?.n ?? 0)) delete known.failure;
    wake(key);
  }

  function learnFailure(key: string, failure: Numbered<Failure>): void {
    const known = knownOf(key);
    if (failure.n < known.n) return;
    known.n = failure.n;
    known.failure = failure;
    wake(key);
  }

  function learnRejection(key: string, { minted_at_ms }: { minted_at_ms: number }): void {
    const known = knownOf(key);
    known.rejected_until_ms = Math.max(known.rejected_until_ms, minted_at_ms);
  }

  function listen<T extends object>(channel: string, learn: (key: string, told: T) => void): void {
    state.subscribe(channel, ({ key, value }) => {
      const told = parseJson(value);
      // Nobody but the processes of this plugin server publishes here.
      if (isJsonObject(told)) learn(key, told as T);
    });
  }

  listen(REJECTIONS, learnRejection);
  listen(TOKENS, learnToken);
  listen(FAILURES, learnFailure);

  /** Who tells does not wait for the others to know. What is too long for it each process finds out by itself. */
  function tell(channel: string, key: string, told: object, expires_at_ms: number): void {
    const value = JSON.stringify(told);
    if (value.length > MAX_VALUE) return;
    state.publish(channel, { key, value, expires_at_ms }).catch(() => {});
  }

  function tellFailure(key: string, failure: Numbered<Failure>): void {
    learnFailure(key, failure);
    tell(FAILURES, key, failure, clock() + FAILURE_TOLD_MS);
  }

  async function attempt(key: string, n: number, options: MintOptions): Promise<IdToken> {
    const failures = (knownOf(key).failure?.failures ?? 0) + 1;
    try {
      const token = await options.work();
      learnToken(key, { n, ...token });
      tell(TOKENS, key, { n, ...token }, token.expires_at_ms);
      return token;
    } catch (error) {
      const retry_at_ms = clock() + options.restMs(failures, error);
      tellFailure(key, { n, failures, retry_at_ms, reason: failureReason(error) });
      throw error;
    }
  }

  async function isMine(key: string, n: number): Promise<boolean> {
    try {
      return await state.claim(`${TOKENS}:${key}:${n}`, CLAIM_MS);
    } catch {
      return true;
    }
  }

  /** Until something is told of the key, but not for long. */
  function hear(key: string): Promise<void> {
    const others = waiting.get(key) ?? new Set();
    waiting.set(key, others);
    return new Promise((resolve) => {
      function wakeUp(): void {
        clearTimeout(timer);
        others.delete(wakeUp);
        if (others.size === 0) waiting.delete(key);
        resolve();
      }
      const timer = setTimeout(wakeUp, WAIT_MS);
      others.add(wakeUp);
    });
  }

  return {
    of: knownOf,
    async mint(key, options) {
      for (let waits = 0; ; waits += 1) {
        const n = knownOf(key).n + 1;
        if (waits === MAX_WAITS || (await isMine(key, n))) {
          const { token } = knownOf(key);
          return token !== undefined && options.isWanted(token)
            ? token
            : await attempt(key, n, options);
        }
        // It may have been told while this process asked whose turn it is.
        if (knownOf(key).n < n) await hear(key);
        const known = knownOf(key);
        if (known.token !== undefined && options.isWanted(known.token)) return known.token;
        if (known.failure !== undefined && known.failure.n >= n) {
          throw new Malfunction(known.failure.reason);
        }
        // That attempt is lost.
        known.n = Math.max(known.n, n);
      }
    },
    rest(key, failure) {
      tellFailure(key, { n: knownOf(key).n, ...failure });
    },
    reject(key, { minted_at_ms, expires_at_ms }) {
      learnRejection(key, { minted_at_ms });
      tell(REJECTIONS, key, { minted_at_ms }, expires_at_ms);
    },
  };
}

/**
 * The new token, unless it is a leftover of a metadata server's that ends before the one at hand: that is kept, as of now,
 * so that the next is not asked for at once. One that was not taken, or that is from a time by another clock, is not kept.
 */
function better(old: IdToken | undefined, token: IdToken, rejected_until_ms: number): IdToken {
  if (old === undefined || token.expires_at_ms >= old.expires_at_ms) return token;
  if (old.minted_at_ms <= rejected_until_ms || old.minted_at_ms > token.minted_at_ms) return token;
  return { ...old, minted_at_ms: token.minted_at_ms };
}
