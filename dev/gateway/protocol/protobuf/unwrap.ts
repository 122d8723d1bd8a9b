import { ipairs, isTable, type LuaTable, type LuaValue, pairs } from '../../lua/value.ts';

type Fields = Map<string | number, LuaValue>;

/**
 * The arguments that a PDK function gets from a message: a `false` within a Value is nil by then, and
 * the arguments of a log function end at the first nil.
 */
export function unwrap(messageName: string, fields: Fields): LuaValue[] {
  const get = (name: string) => fields.get(name);
  switch (messageName) {
    case 'Empty':
      return [];
    case 'ListValue':
      return ipairs(list(fields));
    case 'Struct':
      return [struct(fields)];
    case 'KV':
      return [get('k'), value(get('v'))];
    case 'Target':
      return [get('host'), get('port')];
    case 'ExitArgs':
      return [get('status'), get('body'), struct(get('headers'))];
    case 'ConsumerSpec':
      return [get('id'), get('by_username')];
    case 'AuthenticateArgs':
      return [get('consumer'), get('credential')];
    default:
      return [get('v')];
  }
}

function value(wrapped: LuaValue): LuaValue {
  if (!(wrapped instanceof Map)) return wrapped;
  const inList = wrapped.get('list_value');
  if (inList !== undefined) return list(inList);
  const inStruct = wrapped.get('struct_value');
  if (inStruct !== undefined) return struct(inStruct);
  // `or`, as Lua has it: false falls through.
  const isTrue = wrapped.get('bool_value') === true;
  return (
    isTrue ||
    (wrapped.get('string_value') ?? wrapped.get('number_value') ?? wrapped.get('null_value'))
  );
}

/** A table with holes where there were nils. */
function list(wrapped: LuaValue): LuaTable {
  const values = wrapped instanceof Map ? wrapped.get('values') : undefined;
  const unwrapped = isTable(values) ? ipairs(values).map(value) : [];
  if (unwrapped.length > 0 && !unwrapped.includes(undefined)) return unwrapped;
  const holes: Fields = new Map();
  unwrapped.forEach((item, index) => {
    if (item !== undefined) holes.set(index + 1, item);
  });
  return holes;
}

function struct(wrapped: LuaValue): LuaValue {
  if (!(wrapped instanceof Map)) return wrapped;
  const fields = wrapped.get('fields');
  const entries = isTable(fields) ? pairs(fields) : [];
  const unwrapped = entries.map(([key, item]): [string | number, LuaValue] => [key, value(item)]);
  return new Map(unwrapped.filter(([, item]) => item !== undefined));
}
