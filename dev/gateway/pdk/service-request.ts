import { escapeArgument } from '../http/query.ts';
import { LuaError } from '../lua/lua-error.ts';
import { ipairs, isTable, type LuaTable, type LuaValue, luaToString, pairs } from '../lua/value.ts';
import { escapePath } from '../router/normalize.ts';
import {
  headerEntries,
  headerValues,
  validateHeader,
  validateHeaders,
} from './header-arguments.ts';
import { onlyIn, type PdkContext, type PdkFunction, requireString } from './pdk.ts';

const METHODS = [
  'GET',
  'HEAD',
  'PUT',
  'POST',
  'DELETE',
  'OPTIONS',
  'MKCOL',
  'COPY',
  'MOVE',
  'PROPFIND',
  'PROPPATCH',
  'LOCK',
  'UNLOCK',
  'PATCH',
  'TRACE',
];

/** A change of the request for the upstream: possible until it is sent, and without a reply. */
function change(apply: (context: PdkContext, ...args: LuaValue[]) => void): PdkFunction {
  return (context, ...args) => {
    onlyIn(context, 'rewrite', 'access');
    apply(context, ...args);
    return undefined;
  };
}

function noteHost(context: PdkContext, name: string, values: string[]): void {
  if (name.toLowerCase() === 'host') context.exchange.upstreamHost = values[0];
}

/** kong.service.request */
export const serviceRequestFunctions: Record<string, PdkFunction> = {
  'kong.service.request.set_header': change((context, name, value) => {
    const key = validateHeader(name, value);
    const values = headerValues(value);
    noteHost(context, key, values);
    context.exchange.headers.set(key, values);
  }),
  'kong.service.request.add_header': change((context, name, value) => {
    const key = validateHeader(name, value);
    const values = headerValues(value);
    noteHost(context, key, values);
    context.exchange.headers.set(key, [...context.exchange.headers.all(key), ...values]);
  }),
  'kong.service.request.set_headers': change((context, headers) => {
    for (const [name, values] of headerEntries(validateHeaders(headers))) {
      noteHost(context, name, values);
      context.exchange.headers.set(name, values);
    }
  }),
  'kong.service.request.clear_header': change((context, name) => {
    context.exchange.headers.remove(requireString(name, 'header must be a string'));
  }),
  'kong.service.request.set_scheme': change((context, scheme) => {
    const name = requireString(scheme, 'scheme must be a string');
    if (name !== 'http' && name !== 'https') throw new LuaError(`invalid scheme: ${name}`);
    context.exchange.upstreamScheme = name;
  }),
  'kong.service.request.set_path': change((context, path) => {
    const wanted = requireString(path, 'path must be a string');
    if (!wanted.startsWith('/')) throw new LuaError('path must start with /');
    context.exchange.upstreamUri = escapePath(wanted);
  }),
  'kong.service.request.set_raw_query': change((context, query) => {
    context.exchange.args = requireString(query, 'query must be a string');
  }),
  'kong.service.request.set_query': change((context, args) => {
    if (!isTable(args)) throw new LuaError('args must be a table');
    context.exchange.args = encodeQuery(args);
  }),
  'kong.service.request.set_method': change((context, method) => {
    const name = requireString(method, 'method must be a string');
    if (!METHODS.includes(name)) throw new LuaError(`invalid method: ${name}`);
    context.exchange.method = name;
  }),
  'kong.service.request.set_raw_body': change((context, body) => {
    const bytes = Buffer.from(requireString(body, 'body must be a string'), 'latin1');
    context.exchange.incoming.body.replace(bytes);
    context.exchange.headers.set('Content-Length', [String(bytes.length)]);
  }),
};

function encodeQuery(args: LuaTable): string {
  const parts = pairs(args).map(([key, value]) => {
    if (typeof key !== 'string') throw new LuaError('arg keys must be strings');
    const values = isTable(value) ? ipairs(value) : [value];
    return values
      .filter((item) => item !== false)
      .map((item) =>
        item === true
          ? escapeArgument(key)
          : `${escapeArgument(key)}=${escapeArgument(luaToString(item))}`,
      )
      .join('&');
  });
  return parts.sort().join('&');
}
