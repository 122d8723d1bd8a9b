import { LuaError } from '../lua/lua-error.ts';
import {
  ipairs,
  isTable,
  type LuaTable,
  type LuaValue,
  luaToString,
  luaType,
  pairs,
} from '../lua/value.ts';

/** Checks a header as the PDK does: a name that is text, a value that is text, number or boolean. */
export function validateHeader(name: LuaValue, value: LuaValue): string {
  if (typeof name !== 'string') {
    throw new LuaError(
      `invalid header name "${luaToString(name)}": got ${luaType(name)}, expected string`,
    );
  }
  validateValue(name, value, 'array of string, string, number or boolean');
  return name;
}

export function validateHeaders(headers: LuaValue): LuaTable {
  if (!isTable(headers)) throw new LuaError('headers must be a table');
  for (const [name, value] of pairs(headers)) {
    if (typeof name !== 'string') {
      throw new LuaError(`invalid header name "${name}": got number, expected string`);
    }
    validateValue(name, value, 'string, number, boolean or array of strings');
  }
  return headers;
}

function validateValue(name: string, value: LuaValue, expected: string): void {
  if (isTable(value)) {
    const bad = ipairs(value).find((item) => typeof item !== 'string');
    if (bad !== undefined) {
      throw new LuaError(
        `invalid header value in array "${name}": got ${luaType(bad)}, expected string`,
      );
    }
  } else if (value === undefined) {
    throw new LuaError(`invalid header value for "${name}": got nil, expected ${expected}`);
  }
}

/** The values that go into the header; an empty one becomes a space, as nginx drops empty ones. */
export function headerValues(value: LuaValue): string[] {
  const values = isTable(value) ? ipairs(value) : [value];
  return values.map((item) => (item === '' ? ' ' : luaToString(item)));
}

/** The entries of a validated header table. */
export function headerEntries(headers: LuaTable): [string, string[]][] {
  return pairs(headers).map(([name, value]) => [String(name), headerValues(value)]);
}
