import { LuaError } from '../../lua/lua-error.ts';
import { ipairs, isTable, type LuaValue, luaType, pairs } from '../../lua/value.ts';
import type { PdkReply } from '../rpc.ts';

type Fields = Map<string | number, LuaValue>;

/**
 * The message in which a PDK function's reply travels, as a table: nil where there is none, and the
 * value itself where the message is made of it as it is (a route, a consumer, …).
 *
 * @throws LuaError for a reply that cannot be put into it
 */
export function wrap(messageName: string, { value: reply }: PdkReply): LuaValue {
  switch (messageName) {
    case 'Value':
      return value(reply);
    case 'ListValue':
      return list(reply);
    case 'Struct':
      return struct(reply);
    case 'Bool':
    case 'Number':
    case 'Int':
    case 'String':
    case 'ByteString':
      return one('v', reply);
    default:
      return reply;
  }
}

/** A raw body, or the file in which nginx keeps it, or why there is neither. */
export function wrapRawBody({ value: body, error }: PdkReply, file: string | undefined): LuaValue {
  if (typeof body === 'string') return one('content', body);
  if (file !== undefined) return one('body_filepath', file);
  return one('error', error ?? "Can't read request body");
}

function one(name: string, item: LuaValue): Fields {
  return new Map([[name, item]]);
}

function value(item: LuaValue): Fields {
  switch (typeof item) {
    case 'boolean':
      return one('bool_value', item);
    case 'number':
      return one('number_value', item);
    case 'string':
      return one('string_value', item);
    case 'undefined':
      // Not the 0 that the enum has: Kong writes what no other writer does.
      return one('null_value', 1);
    default: {
      const isList = Array.isArray(item) ? item[0] !== undefined : item.get(1) !== undefined;
      return isList ? one('list_value', list(item)) : one('struct_value', struct(item));
    }
  }
}

function list(items: LuaValue): Fields {
  const values = ipairs(table(items)).map(value);
  return one('values', values.length > 0 ? values : new Map());
}

function struct(items: LuaValue): Fields {
  const entries = pairs(table(items)).filter(([, item]) => item !== undefined);
  return one('fields', new Map(entries.map(([key, item]) => [key, value(item)])));
}

function table(items: LuaValue) {
  if (isTable(items)) return items;
  throw new LuaError(`bad argument #1 to 'for iterator' (table expected, got ${luaType(items)})`);
}
