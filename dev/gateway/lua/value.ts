/**
 * Kong is Lua: its strings are bytes and its one compound type is the table. Inside the gateway a
 * Lua string is a JavaScript string with one character per byte (latin1), so a header that is not
 * UTF-8 goes through unharmed, as it does in Kong.
 */
export type LuaTable = LuaValue[] | Map<string | number, LuaValue>;
export type LuaValue = undefined | boolean | number | string | LuaTable;

/** UTF-16 text to a Lua byte string. */
export function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** A Lua byte string to text; bytes that are not UTF-8 become U+FFFD. */
export function toText(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

export function isTable(value: LuaValue): value is LuaTable {
  return typeof value === 'object';
}

/** `type(value)` */
export function luaType(value: LuaValue): string {
  if (value === undefined) return 'nil';
  return isTable(value) ? 'table' : typeof value;
}

/** `table[key]` with a string key; nil when the value is no table. */
export function field(value: LuaValue, key: string): LuaValue {
  return value instanceof Map ? value.get(key) : undefined;
}

/** `tostring(value)`, with `%.14g` for numbers as LuaJIT prints them. */
export function luaToString(value: LuaValue): string {
  if (value === undefined) return 'nil';
  if (typeof value === 'number') return formatNumber(value, 14);
  if (isTable(value)) return 'table';
  return String(value);
}

/** C's `%.<precision>g`. */
export function formatNumber(value: number, precision: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  if (Number.isInteger(value) && Math.abs(value) < 1e14) return String(value);
  const [mantissa = '', exponentText = '0'] = value.toExponential(precision - 1).split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < precision) {
    const fixed = value.toFixed(Math.max(0, precision - 1 - exponent));
    return fixed.includes('.') ? fixed.replace(/\.?0+$/, '') : fixed;
  }
  const digits = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  const sign = exponent < 0 ? '-' : '+';
  return `${digits}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** Entries of a table in `pairs` order; array indexes count from 1. */
export function pairs(table: LuaTable): [string | number, LuaValue][] {
  if (table instanceof Map) return [...table];
  return table.map((value, index) => [index + 1, value]);
}

/** `ipairs`: the values of 1, 2, … up to the first nil. */
export function ipairs(table: LuaTable): LuaValue[] {
  if (Array.isArray(table)) return table;
  const values: LuaValue[] = [];
  for (let index = 1; ; index += 1) {
    const value = table.get(index);
    if (value === undefined) return values;
    values.push(value);
  }
}
