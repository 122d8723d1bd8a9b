import { hash, randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { countCacheResult } from '../../core/cache-counters.ts';
import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { withinTime } from '../../core/within-time.ts';
import { createAnswerCache, type IntrospectionResult } from './answer-cache.ts';
import { createIntrospectionClients, type IntrospectionClient } from './introspection-clients.ts';
import { IntrospectionError, introspectionErrorOf } from './introspection-error.ts';
import { requestIntrospection } from './request-introspection.ts';
import type { Task } from './request-slots.ts';
import type { IntrospectionSettings } from './settings.ts';

export type { IntrospectionResult } from './answer-cache.ts';

/** Asks authorization servers about tokens, for the whole process: Kong starts many instances of one plugin config. */
export interface Introspector {
  /** Looks into the cache alone, so that a request whose token is known needs no promise. */
  peek(token: string, settings: IntrospectionSettings): IntrospectionResult | undefined;
  /**
   * Asks the endpoint where the cache has no answer, once for however many requests bring the token.
   *
   * @param timeout_ms bounds all waiting, for room among the requests under way too
   * @returns a result for whatever text comes in. That a token is active is not all that must hold of it: see
   *   `checkIntrospectedClaims`
   * @throws ConfigError where the settings cannot be used; `createClientAuthentication` tells that beforehand
   */
  introspect(
    token: string,
    settings: IntrospectionSettings,
    timeout_ms: number,
  ): Promise<IntrospectionResult>;
}

export interface IntrospectorDependencies {
  clock: Clock;
  fetch: typeof globalThis.fetch;
  logger: Logger;
  /** Never gives the same text twice. */
  randomId?: () => string;
}

/** A token that is being asked about. */
interface Inquiry {
  /** Never rejects. */
  result: Promise<IntrospectionResult>;
  /** Requests that wait for it. */
  waiting: number;
  /** Ends it where it has not been sent yet. */
  withdraw(): void;
}

/** Its name among the metrics. */
const CACHE = 'introspections';

const MAX_KNOWN_TOKENS = 10_000;

/**
 * @example
 * const introspector = createIntrospector({ clock: systemClock, fetch, logger });
 * const result = introspector.peek(token, settings) ?? (await introspector.introspect(token, settings, 3000));
 */
export function createIntrospector(dependencies: IntrospectorDependencies): Introspector {
  const { clock, logger, randomId = randomUUID } = dependencies;
  const answers = createAnswerCache();
  const inquiries = new Map<string, Inquiry>();
  const clientOf = createIntrospectionClients({ clock, logger, randomId });
  /** Tokens that were active when last asked about. They go first, so that a flood of others does not stop their users. */
  const known = new LRUCache<string, true>({ max: MAX_KNOWN_TOKENS });

  function lookUp(key: string, cache_seconds: number): IntrospectionResult | undefined {
    const found = answers.get(key, cache_seconds, clock());
    if (found !== undefined) {
      countCacheResult(CACHE, found.outcome === 'unavailable' ? 'failed' : 'hit');
    }
    return found;
  }

  async function ask(
    key: string,
    token: string,
    client: IntrospectionClient,
    timeout_ms: number,
  ): Promise<IntrospectionResult> {
    const { endpoint, authenticate, health, trouble } = client;
    const asked_at_ms = clock();
    // Since this waited for its turn, the endpoint may have failed.
    const rest_ms = health.restMs(asked_at_ms);
    if (rest_ms > 0) return unavailable(rest_ms);
    const ticket = health.begin();
    try {
      const { answer, bytes } = await withinTime(
        timeout_ms,
        (signal) => requestIntrospection({ token, endpoint, authenticate }, dependencies, signal),
        () => new IntrospectionError(`no answer within ${timeout_ms} ms`, { concerns: 'endpoint' }),
      );
      health.answered(ticket);
      trouble.succeeded();
      answers.set(key, answer, asked_at_ms, bytes);
      if (answer.outcome === 'active') known.set(key, true);
      else known.delete(key);
      return answer;
    } catch (caught) {
      const error = introspectionErrorOf(caught);
      const result = unavailable(error.retry_after_ms ?? 0);
      trouble.failed(error.message);
      if (error.concerns === 'endpoint') {
        health.failed(ticket, clock(), error.retry_after_ms);
      } else {
        health.answered(ticket);
        answers.set(key, result, clock(), 0);
      }
      return result;
    }
  }

  /** @returns undefined where too many others wait already */
  function inquire(
    key: string,
    token: string,
    client: IntrospectionClient,
    timeout_ms: number,
  ): Inquiry | undefined {
    let resolve: (result: IntrospectionResult) => void = () => {};
    const result = new Promise<IntrospectionResult>((settle) => {
      resolve = settle;
    });
    const task: Task = async () => {
      const outcome = await ask(key, token, client, timeout_ms);
      inquiries.delete(key);
      resolve(outcome);
    };
    const inquiry: Inquiry = {
      result,
      waiting: 0,
      withdraw() {
        if (client.slots.withdraw(task)) inquiries.delete(key);
      },
    };
    inquiries.set(key, inquiry);
    if (client.slots.run(task, known.has(key))) return inquiry;
    inquiries.delete(key);
    return undefined;
  }

  async function join(inquiry: Inquiry, timeout_ms: number): Promise<IntrospectionResult> {
    inquiry.waiting += 1;
    try {
      return await withinTime(
        timeout_ms,
        () => inquiry.result,
        () => new Error('late'),
      );
    } catch {
      return unavailable(0);
    } finally {
      inquiry.waiting -= 1;
      if (inquiry.waiting === 0) inquiry.withdraw();
    }
  }

  return {
    peek(token, settings) {
      return lookUp(cacheKey(clientOf(settings), token), settings.cache_seconds);
    },
    async introspect(token, settings, timeout_ms) {
      const client = clientOf(settings);
      const key = cacheKey(client, token);
      const found = lookUp(key, settings.cache_seconds);
      if (found !== undefined) return found;
      const rest_ms = client.health.restMs(clock());
      const inquiry =
        inquiries.get(key) ?? (rest_ms > 0 ? undefined : inquire(key, token, client, timeout_ms));
      const result = inquiry === undefined ? unavailable(rest_ms) : await join(inquiry, timeout_ms);
      countCacheResult(CACHE, result.outcome === 'unavailable' ? 'failed' : 'miss');
      return result;
    },
  };
}

/** The id has a fixed length, so no other id and token make the same text. */
function cacheKey({ id }: IntrospectionClient, token: string): string {
  return hash('sha256', id + token, 'base64url');
}

function unavailable(wait_ms: number): IntrospectionResult {
  return {
    outcome: 'unavailable',
    retry_after_seconds: Math.max(1, Math.ceil(wait_ms / 1000)),
  };
}
