import type { Exchange } from '../http/exchange.ts';
import type { LuaValue } from '../lua/value.ts';

/** A header of the request as `kong.request.get_header` finds it. */
export function headerValue({ headers }: Exchange, name: string): LuaValue {
  const joined = headers.variable(name);
  if (joined === undefined || !joined.includes(', ')) return joined;
  return firstOf(headers.lookUp(name));
}

export function firstOf(value: LuaValue): LuaValue {
  return Array.isArray(value) ? value[0] : value;
}
