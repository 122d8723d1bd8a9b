import { LRUCache } from 'lru-cache';
import { createApiHealth } from '../../core/api-health.ts';
import { countCacheResult } from '../../core/cache-counters.ts';
import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { withinTime } from '../../core/within-time.ts';
import type { ContextUnavailable } from '../context-values.ts';
import { ContextError } from './context-error.ts';
import { createQuestionHealth } from './question-health.ts';
import { createRequestSlots } from './request-slots.ts';
import { createTroubleLog } from './trouble-log.ts';

/** How old an answer may be, and how long a request waits for one. */
export interface LiveLimits {
  readonly cache_seconds: number;
  /** How much older it may be while no newer one can be had. */
  readonly max_stale_seconds: number;
  readonly timeout_ms: number;
}

export type Found<T> = { readonly value: T } | ContextUnavailable;

/**
 * What an API says to questions, for the whole process. Each question is on its way once, however many requests wait
 * for it; answers in use are renewed before they are too old.
 */
export interface LiveCache<Q, T> {
  /** Never rejects, and is no promise where an answer is at hand or none can be had now. */
  get(question: Q, limits: LiveLimits): Found<T> | Promise<Found<T>>;
}

export interface LiveCacheOptions<Q, T> {
  /** Its name among the metrics. */
  name: string;
  /** Names it in the log and in audit records, such as `labels of Cloud Run services`. */
  what: string;
  keyOf(question: Q): string;
  /** What the log may say of a question. */
  describe(question: Q): Readonly<Record<string, string>>;
  /** @throws ContextError where there is no answer; anything else is taken for a fault of the API */
  ask(question: Q, signal: AbortSignal): Promise<T>;
  sizeOf(value: T): number;
  max_entries: number;
  clock: Clock;
  logger: Logger;
  /** in [0, 1) */
  random: () => number;
}

interface Answer<T> {
  found: { value: T };
  /** When the question went out: the answer may be as old as that. */
  asked_at_ms: number;
  /** Which part of its life passes before it is renewed, so that answers of one burst spread out. */
  renew_from: number;
}

/** A question may take longer than a request waits, so that a slow API still fills the cache. */
const ASK_LIMIT_MS = 10_000;
const MAX_IN_FLIGHT = 64;
/** More could hardly be served within any timeout worth having. */
const MAX_WAITING = 1024;
/** Characters of all answers together. */
const MAX_SIZE = 33_554_432;

export function createLiveCache<Q, T>(options: LiveCacheOptions<Q, T>): LiveCache<Q, T> {
  const { name, what, keyOf, describe, ask, sizeOf, max_entries, clock, logger, random } = options;
  const answers = new LRUCache<string, Answer<T>>({
    max: max_entries,
    maxSize: MAX_SIZE,
    sizeCalculation: ({ found }) => Math.max(1, sizeOf(found.value)),
  });
  const asking = new Map<string, Promise<void>>();
  const questions = createQuestionHealth({ max_entries, random });
  const api = createApiHealth();
  const slots = createRequestSlots({ max_running: MAX_IN_FLIGHT, max_waiting: MAX_WAITING });
  const trouble = createTroubleLog(what, { clock, logger });
  /** Why the API fails as a whole. */
  let apiReason = 'no answer yet';

  function unavailable(reason: string, wait_ms: number): ContextUnavailable {
    countCacheResult(name, 'failed');
    return {
      unavailable: `${what}: ${reason}`,
      retry_after_seconds: Math.max(1, Math.ceil(wait_ms / 1000)),
    };
  }

  async function askNow(key: string, question: Q): Promise<void> {
    const asked_at_ms = clock();
    // Since this waited for its turn, the API may have failed.
    if (api.restMs(asked_at_ms) > 0) return;
    const ticket = api.begin();
    try {
      const value = await withinTime(
        ASK_LIMIT_MS,
        (signal) => ask(question, signal),
        () => new ContextError(`no answer within ${ASK_LIMIT_MS} ms`, 'api'),
      );
      succeeded(ticket);
      questions.answered(key);
      const renew_from = 0.7 + 0.2 * random();
      answers.set(key, { found: { value }, asked_at_ms, renew_from });
    } catch (caught) {
      const error = caught instanceof ContextError ? caught : new ContextError('it failed', 'api');
      if (error.concerns === 'api') {
        apiReason = error.message;
        if (api.failed(ticket, clock(), error.retry_after_ms)) {
          trouble.apiFailed(error.message);
          return;
        }
      } else succeeded(ticket);
      questions.failed(key, error.message, clock());
      trouble.questionFailed(error.message, describe(question));
    }
  }

  function succeeded(ticket: number): void {
    api.answered(ticket);
    trouble.apiAnswered();
  }

  /** @returns undefined where too many others wait already */
  function startAsking(key: string, question: Q): Promise<void> | undefined {
    const { promise, resolve } = deferred();
    const isTaken = slots.run(async () => {
      try {
        await askNow(key, question);
      } finally {
        asking.delete(key);
        resolve();
      }
    });
    if (!isTaken) return undefined;
    asking.set(key, promise);
    return promise;
  }

  /** @returns undefined where it is not on its way and must not be now */
  function renew(key: string, question: Q, now_ms: number): Promise<void> | undefined {
    const asked = asking.get(key);
    if (asked !== undefined) return asked;
    return restOf(key, now_ms).rest_ms > 0 ? undefined : startAsking(key, question);
  }

  /** How long this question must wait, and why. */
  function restOf(key: string, now_ms: number): { rest_ms: number; reason: string } {
    const api_ms = api.restMs(now_ms);
    const question = questions.restOf(key, now_ms);
    return api_ms > question.rest_ms || question.reason === undefined
      ? { rest_ms: Math.max(api_ms, question.rest_ms), reason: apiReason }
      : { rest_ms: question.rest_ms, reason: question.reason };
  }

  /** An answer that may be used because no newer one can be had. */
  function lastResort(key: string, limits: LiveLimits): Found<T> | undefined {
    const answer = answers.get(key);
    if (answer === undefined) return undefined;
    const limit_ms = (limits.cache_seconds + limits.max_stale_seconds) * 1000;
    if (!(ageOf(answer, clock()) < limit_ms)) return undefined;
    countCacheResult(name, 'stale');
    return answer.found;
  }

  async function wait(key: string, asked: Promise<void>, limits: LiveLimits): Promise<Found<T>> {
    const { timeout_ms, cache_seconds } = limits;
    let late = false;
    await withinTime(
      timeout_ms,
      () => asked,
      () => new Error('late'),
    ).catch(() => {
      late = true;
    });
    const now_ms = clock();
    const answer = answers.get(key);
    if (answer !== undefined && ageOf(answer, now_ms) < cache_seconds * 1000) {
      countCacheResult(name, 'miss');
      return answer.found;
    }
    const { rest_ms, reason } = restOf(key, now_ms);
    const told = late ? `no answer within ${timeout_ms} ms` : reason;
    return lastResort(key, limits) ?? unavailable(told, rest_ms);
  }

  return {
    get(question, limits) {
      const key = keyOf(question);
      const now_ms = clock();
      const answer = answers.get(key);
      const fresh_ms = limits.cache_seconds * 1000;
      const age_ms = answer === undefined ? Number.POSITIVE_INFINITY : ageOf(answer, now_ms);
      if (answer !== undefined && age_ms < fresh_ms) {
        if (age_ms >= fresh_ms * answer.renew_from) void renew(key, question, now_ms);
        countCacheResult(name, 'hit');
        return answer.found;
      }
      const isFailing = api.isFailing() || questions.isFailing(key);
      // In an outage nobody waits for what will most likely not come, as long as there is something to go on with.
      const stale = isFailing ? lastResort(key, limits) : undefined;
      if (stale !== undefined) {
        void renew(key, question, now_ms);
        return stale;
      }
      const asked = renew(key, question, now_ms);
      if (asked !== undefined) return wait(key, asked, limits);
      const { rest_ms, reason } = restOf(key, now_ms);
      const told = rest_ms > 0 ? reason : 'too many requests wait for it';
      return lastResort(key, limits) ?? unavailable(told, rest_ms);
    },
  };
}

/** A clock that was set back must not make an answer young again, so either direction counts. */
function ageOf({ asked_at_ms }: { asked_at_ms: number }, now_ms: number): number {
  return Math.abs(now_ms - asked_at_ms);
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
