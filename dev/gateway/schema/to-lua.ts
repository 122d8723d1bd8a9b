import type { LuaValue } from '../lua/value.ts';
import { toBytes } from '../lua/value.ts';
import type { ConfigValue } from './field.ts';

/** A configuration value as Lua holds it; an empty array stays one, since Kong marks it as array. */
export function configToLua(value: ConfigValue): LuaValue {
  if (value === null) return undefined;
  if (typeof value === 'string') return toBytes(value);
  if (Array.isArray(value)) return value.map(configToLua);
  if (value instanceof Map) return configMapToLua(value);
  return value;
}

export function configMapToLua(map: Map<string | number | boolean, ConfigValue>) {
  const table = new Map<string | number, LuaValue>();
  for (const [key, item] of map) {
    if (item === null) continue;
    table.set(typeof key === 'number' ? key : toBytes(String(key)), configToLua(item));
  }
  return table;
}
