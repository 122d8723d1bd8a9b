import { formatError, responseType } from '../http/error-format.ts';
import { errorMessage } from '../http/error-messages.ts';
import { encodeJson } from '../lua/json.ts';
import { LuaError } from '../lua/lua-error.ts';
import { isTable, type LuaTable, type LuaValue, pairs } from '../lua/value.ts';
import {
  headerEntries,
  headerValues,
  validateHeader,
  validateHeaders,
} from './header-arguments.ts';
import { onlyIn, type PdkContext, type PdkFunction, requireString } from './pdk.ts';
import { RequestExit } from './request-exit.ts';
import { firstOf } from './request-header.ts';

/** A change of the response's headers before they are sent. */
function change(apply: (context: PdkContext, ...args: LuaValue[]) => void): PdkFunction {
  return (context, ...args) => {
    onlyIn(context, 'rewrite', 'access');
    apply(context, ...args);
    return undefined;
  };
}

function setHeader({ exchange, gateway }: PdkContext, name: string, values: string[]): void {
  if (/^transfer[-_]encoding$/i.test(name)) {
    gateway.log('warn', 'manually setting Transfer-Encoding. Ignored.');
    return;
  }
  exchange.responseHeaders.set(name, values);
}

/** kong.response */
export const responseFunctions: Record<string, PdkFunction> = {
  'kong.response.set_header': change((context, name, value) => {
    setHeader(context, validateHeader(name, value), headerValues(value));
  }),
  'kong.response.add_header': change(({ exchange }, name, value) => {
    const key = validateHeader(name, value);
    for (const each of headerValues(value)) exchange.responseHeaders.add(key, each);
  }),
  'kong.response.set_headers': change((context, headers) => {
    for (const [name, values] of headerEntries(validateHeaders(headers))) {
      setHeader(context, name, values);
    }
  }),
  'kong.response.clear_header': change(({ exchange }, name) => {
    exchange.responseHeaders.clear(requireString(name, 'header name must be a string'));
  }),
  'kong.response.set_status': change(({ exchange }, status) => {
    exchange.status = statusCode(status, 100);
  }),

  'kong.response.get_status': (context) => {
    if (context.saved !== undefined) return context.saved.status;
    onlyIn(context, 'log');
    return undefined;
  },
  'kong.response.get_headers': (context) => {
    if (context.saved !== undefined) return context.saved.responseHeaders.toTable();
    onlyIn(context, 'log');
    return undefined;
  },
  'kong.response.get_header': (context, name) => {
    if (context.saved === undefined) {
      onlyIn(context, 'log');
      return undefined;
    }
    if (typeof name !== 'string') return undefined;
    return firstOf(context.saved.responseHeaders.lookUp(name));
  },
  'kong.response.get_source': (context) => {
    onlyIn(context, 'log');
    const { exchange } = context;
    if (exchange.isUnexpected) return 'error';
    if (exchange.isExited) return 'exit';
    return exchange.isProxied ? 'service' : 'error';
  },

  'kong.response.exit': (context, status, body, headers) => {
    onlyIn(context, 'rewrite', 'access');
    const code = statusCode(status, 100);
    if (body !== undefined && typeof body !== 'string' && !isTable(body)) {
      throw new LuaError('body must be a nil, string or table');
    }
    return exit(context, code, body, headers);
  },

  'kong.response.error': (context, status, message, headers) => {
    onlyIn(context, 'rewrite', 'access');
    const code = statusCode(status, 400);
    const text = isTable(message) ? encodeJson(message) : message;
    if (text !== undefined && typeof text !== 'string') {
      throw new LuaError('message must be a nil, a string or a table');
    }
    const table = headers === undefined ? new Map() : checkedHeaders(headers);
    const { exchange } = context;
    const given = table instanceof Map ? firstOf(table.get('Content-Type')) : undefined;
    const type =
      typeof given === 'string' ? given : responseType(exchange.headers.lookUp('Accept'));
    const withType = new Map<string | number, LuaValue>([['Content-Type', type]]);
    for (const [name, value] of pairs(table))
      if (name !== 'Content-Type') withType.set(name, value);
    const answer = formatError(type, text ?? errorMessage(code), exchange.kongRequestId);
    if (answer === undefined && type !== 'application/grpc') {
      throw new LuaError(`bad argument #1 to 'fmt' (string expected, got nil)`);
    }
    return exit(context, code, answer, withType);
  },
};

function statusCode(value: LuaValue, least: number): number {
  if (typeof value !== 'number') throw new LuaError('code must be a number');
  if (value < least || value > 599) {
    throw new LuaError(`code must be a number between ${least} and 599`);
  }
  return Math.floor(value);
}

function checkedHeaders(headers: LuaValue): LuaTable {
  if (!isTable(headers)) throw new LuaError('headers must be a nil or table');
  return validateHeaders(headers);
}

/** Ends the event; in the access phase the answer is sent when the other plugins have been passed. */
function exit({ exchange }: PdkContext, status: number, body: LuaValue, headers: LuaValue): never {
  const table = headers === undefined ? undefined : checkedHeaders(headers);
  exchange.isExited = true;
  throw new RequestExit({
    status,
    body,
    headers: table instanceof Map ? table : undefined,
  });
}
