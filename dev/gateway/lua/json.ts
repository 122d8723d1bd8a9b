import { LuaError } from './lua-error.ts';
import { formatNumber, type LuaTable, type LuaValue } from './value.ts';

const SHORT_ESCAPES: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/**
 * JSON as lua-cjson writes it under Kong: slashes escaped, 16 significant digits, an empty Lua table
 * as `{}` (an empty JavaScript array stands for a table marked as array and is `[]`).
 *
 * @throws LuaError for numbers that JSON cannot hold and for arrays that are mostly holes
 */
export function encodeJson(value: LuaValue): string {
  if (value === undefined) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return encodeNumber(value);
  if (typeof value === 'string') return encodeString(value);
  return encodeTable(value);
}

function encodeNumber(value: number): string {
  if (!Number.isFinite(value)) {
    throw new LuaError('Cannot serialise number: must not be NaN or Infinity');
  }
  return formatNumber(value, 16);
}

function encodeString(bytes: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to escape
  const escaped = bytes.replace(/["\\/\x00-\x1f\x7f]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0');
    return SHORT_ESCAPES[character] ?? `\\u${code}`;
  });
  return `"${escaped}"`;
}

function encodeTable(table: LuaTable): string {
  if (Array.isArray(table)) return `[${table.map(encodeJson).join(',')}]`;
  const length = arrayLength(table);
  if (length > 0) {
    return `[${Array.from({ length }, (_, index) => encodeJson(table.get(index + 1))).join(',')}]`;
  }
  const members = [...table]
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) => `${encodeString(String(key))}:${encodeJson(item)}`);
  return `{${members.join(',')}}`;
}

/** The length of the array that cjson sees in a table with only positive integer keys, else 0. */
function arrayLength(table: Map<string | number, LuaValue>): number {
  let longest = 0;
  for (const key of table.keys()) {
    if (typeof key !== 'number' || !Number.isInteger(key) || key < 1) return 0;
    longest = Math.max(longest, key);
  }
  if (longest > 10 && longest > table.size * 2) {
    throw new LuaError('Cannot serialise table: excessively sparse array');
  }
  return longest;
}
