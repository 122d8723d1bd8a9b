import type { LuaValue } from '../lua/value.ts';

export const DEFAULT_MOST_ARGUMENTS = 100;

/**
 * A query string as `ngx.req.get_uri_args()` reads it: `true` for a name without `=`, a list for a
 * repeated name. Takes and gives byte strings.
 */
export function parseQuery(query: string, most = DEFAULT_MOST_ARGUMENTS): Map<string, LuaValue> {
  const table = new Map<string, LuaValue>();
  for (const part of query.split('&').slice(0, most)) {
    const equals = part.indexOf('=');
    const name = unescapeArgument(equals === -1 ? part : part.slice(0, equals));
    if (name === '') continue;
    const value = equals === -1 ? true : unescapeArgument(part.slice(equals + 1));
    const former = table.get(name);
    if (former === undefined) table.set(name, value);
    else if (Array.isArray(former)) former.push(value);
    else table.set(name, [former, value]);
  }
  return table;
}

function unescapeArgument(text: string): string {
  return text
    .replaceAll('+', ' ')
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
}

/** As `ngx.escape_uri()`. */
export function escapeArgument(text: string): string {
  return text.replace(
    /[^A-Za-z0-9\-._~!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
