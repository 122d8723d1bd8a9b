import { LRUCache } from 'lru-cache';
import type { KeySet } from '../keys/load-keys.ts';
import type { VerifiedToken } from './verified-token.ts';

/** A token whose signature these keys have verified. */
export interface KnownToken {
  keys: KeySet;
  token: VerifiedToken;
}

/**
 * Tokens that were verified before, for the whole process, by what identifies configuration and token: a changed
 * configuration never meets an entry of before. Whoever finds one still checks that the keys are the present ones and
 * whatever depends on time.
 */
export type TokenCache = Pick<LRUCache<string, KnownToken>, 'get' | 'set' | 'delete' | 'clear'>;

const MOST_TOKENS = 20_000;
/** Of token text. What is kept of a token is its claims, a few times as large. */
const MOST_CHARACTERS = 16 * 1024 * 1024;

export function createTokenCache(): TokenCache {
  return new LRUCache<string, KnownToken>({
    max: MOST_TOKENS,
    maxSize: MOST_CHARACTERS,
    sizeCalculation: ({ token }) => token.characters,
  });
}
