import { LRUCache } from 'lru-cache';
import { type JsonObject, ownMember } from '../../core/json.ts';

export type IntrospectionResult =
  | { outcome: 'active'; claims: JsonObject }
  | { outcome: 'inactive' }
  | { outcome: 'unavailable'; retry_after_seconds: number };

interface Entry {
  result: IntrospectionResult;
  /** When the request for it went out: the answer may be as old as that. */
  asked_at_ms: number;
  bytes: number;
}

export interface AnswerCache {
  /** @param cache_seconds how old an answer may be for whoever asks now */
  get(key: string, cache_seconds: number, now_ms: number): IntrospectionResult | undefined;
  /** @param bytes how large the answer was */
  set(key: string, result: IntrospectionResult, asked_at_ms: number, bytes: number): void;
}

const MAX_ENTRIES = 10_000;
/** Of answers about active tokens, as the endpoint sent them. */
const MAX_BYTES = 33_554_432;

/** A token may become active, if only because the endpoint was asked too early. */
const MAX_INACTIVE_SECONDS = 5;

/** Enough to answer a client that tries again at once. */
const UNAVAILABLE_SECONDS = 1;

/**
 * What is known of tokens. Active tokens have a room of their own: tokens that are nothing cost an attacker nothing,
 * and must not push them out.
 */
export function createAnswerCache(): AnswerCache {
  const active = new LRUCache<string, Entry>({
    max: MAX_ENTRIES,
    maxSize: MAX_BYTES,
    sizeCalculation: ({ bytes }) => Math.max(1, bytes),
  });
  const others = new LRUCache<string, Entry>({ max: MAX_ENTRIES });

  return {
    get(key, cache_seconds, now_ms) {
      for (const entries of [active, others]) {
        const entry = entries.get(key);
        if (entry !== undefined && isFresh(entry, cache_seconds, now_ms)) return entry.result;
      }
      return undefined;
    },
    set(key, result, asked_at_ms, bytes) {
      const entries = result.outcome === 'active' ? active : others;
      entries.set(key, { result, asked_at_ms, bytes });
      // Who may still use an older answer must not: the token may have been revoked.
      if (result.outcome === 'inactive') active.delete(key);
    },
  };
}

function isFresh({ result, asked_at_ms }: Entry, cache_seconds: number, now_ms: number): boolean {
  // A clock that was set back must not make an answer young again, so either direction counts.
  const age_ms = Math.abs(now_ms - asked_at_ms);
  switch (result.outcome) {
    case 'active': {
      const exp = ownMember(result.claims, 'exp');
      const isExpired = typeof exp === 'number' && exp * 1000 <= now_ms;
      return !isExpired && age_ms < cache_seconds * 1000;
    }
    case 'inactive':
      return age_ms < Math.min(cache_seconds, MAX_INACTIVE_SECONDS) * 1000;
    case 'unavailable':
      return age_ms < UNAVAILABLE_SECONDS * 1000;
  }
}
