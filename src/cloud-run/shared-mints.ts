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
const SIGNS = 'id-token-signs';

/** A process that mints for longer tells that it is alive. */
const SIGN_MS = 500;
/** How long others wait without such a sign: it may have ended, and requests wait for a few seconds only. */
const SILENCE_MS = 1500;
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

  listen(SIGNS, wake);
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
    const signs = setInterval(() => tell(SIGNS, key, { n }, clock() + SILENCE_MS), SIGN_MS);
    try {
      const token = await options.work();
      learnToken(key, { n, ...token });
      // That is the token which lives longer, where this one is a leftover.
      const kept = knownOf(key).token ?? token;
      tell(TOKENS, key, { n, ...kept }, kept.expires_at_ms);
      return token;
    } catch (error) {
      const retry_at_ms = clock() + options.restMs(failures, error);
      tellFailure(key, { n, failures, retry_at_ms, reason: failureReason(error) });
      throw error;
    } finally {
      clearInterval(signs);
    }
  }

  async function isMine(key: string, n: number): Promise<boolean> {
    try {
      return await state.claim(`${TOKENS}:${key}:${n}`, CLAIM_MS);
    } catch {
      return true;
    }
  }

  /** @returns false where nothing was told of the key for a while */
  function hear(key: string): Promise<boolean> {
    return new Promise((resolve) => {
      const stop = listenTo(key, () => end(true));
      const timer = setTimeout(() => end(false), SILENCE_MS);
      function end(heard: boolean): void {
        clearTimeout(timer);
        stop();
        resolve(heard);
      }
    });
  }

  function listenTo(key: string, onTold: () => void): () => void {
    const others = waiting.get(key) ?? new Set();
    waiting.set(key, others.add(onTold));
    return () => {
      others.delete(onTold);
      if (others.size === 0) waiting.delete(key);
    };
  }

  /** Mints, or waits for the one who does. Where that one falls silent, all mint who have waited. */
  async function take(key: string, options: MintOptions): Promise<IdToken> {
    for (;;) {
      const n = knownOf(key).n + 1;
      if (await isMine(key, n)) return attempt(key, n, options);
      while (knownOf(key).n < n) if (!(await hear(key))) return attempt(key, n + 1, options);
      const { token, failure } = knownOf(key);
      if (token !== undefined && options.isWanted(token)) return token;
      if (failure !== undefined && failure.n >= n) throw new Malfunction(failure.reason);
    }
  }

  return {
    of: knownOf,
    mint(key, options) {
      return new Promise((resolve, reject) => {
        // Another process may be done before this one.
        const stop = listenTo(key, () => {
          const { token } = knownOf(key);
          if (token !== undefined && options.isWanted(token)) resolve(token);
        });
        take(key, options).then(resolve, reject).finally(stop);
      });
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
