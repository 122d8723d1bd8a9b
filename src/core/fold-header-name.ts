/** The name that all spellings of a header share: in lower case, with `_` as `-` (see `headerSpellings`). */
export function foldHeaderName(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}
