import { LuaError } from '../../lua/lua-error.ts';
import { field, isTable, type LuaValue, luaType, pairs } from '../../lua/value.ts';
import { Binary, EMPTY_MAP, type Packable } from './encode.ts';

const STEP_METHODS = new Map([
  ['kong.client.get_credential', 'plugin.StepCredential'],
  ['kong.client.load_consumer', 'plugin.StepConsumer'],
  ['kong.client.get_consumer', 'plugin.StepConsumer'],
  ['kong.client.authenticate', 'plugin.StepCredential'],
  ['kong.node.get_memory_stats', 'plugin.StepMemoryStats'],
  ['kong.router.get_route', 'plugin.StepRoute'],
  ['kong.router.get_service', 'plugin.StepService'],
  ['kong.request.get_query', 'plugin.StepMultiMap'],
  ['kong.request.get_headers', 'plugin.StepMultiMap'],
  ['kong.response.get_headers', 'plugin.StepMultiMap'],
  ['kong.service.response.get_headers', 'plugin.StepMultiMap'],
]);

const MULTI_MAPS = new Set([
  'kong.request.get_query',
  'kong.request.get_headers',
  'kong.response.get_headers',
  'kong.service.response.get_headers',
]);

const RAW = new Set([
  'kong.request.get_raw_body',
  'kong.response.get_raw_body',
  'kong.service.response.get_raw_body',
]);

/**
 * The message that carries a PDK function's reply back. Kong passes on the first return value only,
 * so the error of `return nil, err` never reaches the server and `plugin.StepError` is never sent.
 */
export function stepMethod(method: string, value: LuaValue): string {
  const own = field(value, '_method');
  if (typeof own === 'string') return own;
  return STEP_METHODS.get(method) ?? 'plugin.Step';
}

/**
 * A reply in the form in which it is packed: header and query tables have lists of values, bodies are
 * binary.
 *
 * @throws LuaError for a body that Kong could not read, because it is in a file
 */
export function packReply(method: string, value: LuaValue): Packable {
  if (RAW.has(method)) {
    if (typeof value === 'string') return new Binary(value);
    throw new LuaError(`attempt to get length of local 'str' (a ${luaType(value)} value)`);
  }
  return MULTI_MAPS.has(method) ? multiMap(value) : value;
}

function multiMap(value: LuaValue): Packable {
  if (!isTable(value)) {
    throw new LuaError(`bad argument #1 to 'for iterator' (table expected, got ${luaType(value)})`);
  }
  const entries = pairs(value);
  if (entries.length === 0) return EMPTY_MAP;
  return new Map(entries.map(([key, item]) => [key, listOf(item)]));
}

function listOf(item: LuaValue): Packable {
  if (item === true) return [];
  return typeof item === 'string' ? [item] : item;
}
