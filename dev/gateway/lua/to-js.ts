import { type LuaValue, toText } from './value.ts';

/** A Lua value as plain JavaScript: byte strings become text, tables become objects or arrays. */
function toJs(value: LuaValue): unknown {
  if (typeof value === 'string') return toText(value);
  if (Array.isArray(value)) return value.map(toJs);
  if (value instanceof Map) return toRecord(value);
  return value;
}

export function toRecord(table: Map<string | number, LuaValue>): Record<string, unknown> {
  return Object.fromEntries(
    [...table]
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [toText(String(key)), toJs(item)]),
  );
}
