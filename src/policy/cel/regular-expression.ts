import { LRUCache } from 'lru-cache';
import { RE2JS, RE2JSException } from 're2js';
import { LIMITS } from '../limits.ts';
import { spend } from './meter.ts';

/** Steps for a pattern that is not known yet, where a rule takes it from a claim. */
const COMPILATION = 10_000;

const patterns = new LRUCache<string, RE2JS>({ max: 256 });

/** Compiles a pattern in RE2 syntax (https://github.com/google/re2/wiki/Syntax). */
export function compilePattern(pattern: string): RE2JS | { problem: string } {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  if (pattern.length > LIMITS.pattern_characters) {
    return { problem: `a pattern has at most ${LIMITS.pattern_characters} characters` };
  }
  spend(COMPILATION);
  try {
    const compiled = RE2JS.compile(pattern);
    if (compiled.programSize() > LIMITS.pattern_instructions) {
      return { problem: 'the pattern repeats too much' };
    }
    patterns.set(pattern, compiled);
    return compiled;
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return { problem: error.message };
  }
}
