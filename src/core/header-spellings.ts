/** Beyond this many separators, a header name has too many spellings to remove them all. */
export const MAX_HEADER_SEPARATORS = 5;

/**
 * All spellings of a header name that an upstream may fold together. CGI and WSGI turn both `-` and `_` into `_`, and
 * Kong passes underscores on, so that `X_Authenticated_Subject` would reach such an application as the header we set.
 *
 * @param name with at most MAX_HEADER_SEPARATORS separators
 * @returns lower-case names, the one with hyphens alone first; case needs no variants, as HTTP ignores it
 */
export function headerSpellings(name: string): string[] {
  const words = name.toLowerCase().split(/[-_]/);
  return words
    .slice(1)
    .reduce<string[]>(
      (spellings, word) => ['-', '_'].flatMap((mark) => spellings.map((s) => `${s}${mark}${word}`)),
      [words[0] ?? ''],
    );
}
