import { type LuaValue, toBytes } from './value.ts';

/**
 * A JavaScript value as the Lua table that holds the same: null and undefined are nil and so vanish
 * from tables, an array with a hole is a table with numeric keys, an empty table is neither array
 * nor map. Strings are taken as text and become their UTF-8 bytes; Uint8Arrays are taken as bytes.
 */
export function fromJs(value: unknown): LuaValue {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'string') return toBytes(value);
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (Array.isArray(value)) return fromArray(value);
  if (value instanceof Map) return fromEntries([...value]);
  if (typeof value === 'object' && isPlain(value)) return fromEntries(Object.entries(value));
  return undefined;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function fromArray(values: unknown[]): LuaValue {
  const converted = values.map(fromJs);
  while (converted.length > 0 && converted.at(-1) === undefined) converted.pop();
  if (converted.length === 0) return new Map();
  if (!converted.includes(undefined)) return converted;
  const holes = new Map<string | number, LuaValue>();
  converted.forEach((value, index) => {
    if (value !== undefined) holes.set(index + 1, value);
  });
  return holes;
}

function fromEntries(entries: [unknown, unknown][]): LuaValue {
  const table = new Map<string | number, LuaValue>();
  for (const [key, item] of entries) {
    const value = fromJs(item);
    if (value === undefined) continue;
    if (typeof key === 'string') table.set(toBytes(key), value);
    else if (typeof key === 'number') table.set(key, value);
  }
  return table;
}
