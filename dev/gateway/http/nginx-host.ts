/** The host of a Host header as nginx's `$host`: lower case, without port; undefined if invalid. */
export function hostOf(header: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what to refuse
  if (header.includes('..') || /[\x00-\x20\x7f/]/.test(header)) return undefined;
  const [literal] = /^\[[^\]]*\]/.exec(header) ?? [];
  const name = literal ?? header.split(':', 1)[0] ?? '';
  const host = name.endsWith('.') ? name.slice(0, -1) : name;
  return host === '' ? undefined : host.toLowerCase();
}
