/** What an answer says of how long it stays good (RFC 9111). */
export interface Freshness {
  /** Null where the answer does not say. */
  max_age_seconds: number | null;
  /** How old it was when it came, as a cache on the way tells. */
  age_seconds: number;
}

/** A token, and `=` with a token or a quoted string (RFC 9111 §5.2). What else stands before the next comma is garbage. */
const DIRECTIVE = /([^\s,="]+)(?:="((?:[^"\\]|\\.)*)"|=([^\s,"]*))?[^,]*/g;

/** RFC 9111 §1.2.2: what a larger number is taken for. */
const MOST_SECONDS = 2 ** 31;

/**
 * Reads Cache-Control and Age. Of several wishes the shortest counts, and a `max-age` that is no number is the shortest
 * of all (RFC 9111 §4.2.1). `no-store` and `no-cache` count as `max-age=0`. `s-maxage` is for shared caches; and
 * `must-revalidate` and `stale-if-error` say nothing here: how long old keys serve is the operator's to say.
 */
export function readFreshness(headers: Headers): Freshness {
  // Of several Ages the first counts, and one that is no number does not (RFC 9111 §5.1).
  const [age = ''] = (headers.get('age') ?? '').split(',');
  return {
    max_age_seconds: readMaxAge(headers.get('cache-control') ?? ''),
    age_seconds: parseSeconds(age.trim()) ?? 0,
  };
}

function readMaxAge(cacheControl: string): number | null {
  let shortest: number | null = null;
  for (const [, name = '', quoted, token] of cacheControl.matchAll(DIRECTIVE)) {
    const wish = wishOf(name.toLowerCase(), quoted ?? token ?? '');
    if (wish !== null) shortest = Math.min(shortest ?? wish, wish);
  }
  return shortest;
}

function wishOf(name: string, value: string): number | null {
  if (name === 'no-store' || name === 'no-cache') return 0;
  return name === 'max-age' ? (parseSeconds(value) ?? 0) : null;
}

function parseSeconds(text: string): number | null {
  return /^\d+$/.test(text) ? Math.min(Number(text), MOST_SECONDS) : null;
}
