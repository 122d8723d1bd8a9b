import { DEFAULT_MOST_HEADERS } from '../http/header-list.ts';
import { DEFAULT_MOST_ARGUMENTS, parseQuery } from '../http/query.ts';
import type { LuaValue } from '../lua/value.ts';
import { normalizePath } from '../router/normalize.ts';
import {
  forwardedHost,
  forwardedPath,
  forwardedPort,
  forwardedPrefix,
  forwardedScheme,
} from './forwarded.ts';
import {
  failed,
  needsRequest,
  onlyIn,
  type PdkContext,
  type PdkFunction,
  requireMaximum,
  requireString,
} from './pdk.ts';
import { requestBodyTable } from './request-body-table.ts';
import { firstOf, headerValue } from './request-header.ts';

/** A function of the request that nginx holds, and so not of the log phase. */
function ofRequest(get: (context: PdkContext) => LuaValue): PdkFunction {
  return (context) => {
    needsRequest(context);
    return get(context);
  };
}

const NO_FILE =
  "request body did not fit into client body buffer, consider raising 'client_body_buffer_size'";

/** kong.request */
export const requestFunctions: Record<string, PdkFunction> = {
  'kong.request.get_scheme': ofRequest(({ exchange }) => exchange.incoming.scheme),
  'kong.request.get_host': ofRequest(({ exchange }) => exchange.incoming.host),
  'kong.request.get_port': ofRequest(({ exchange }) => exchange.incoming.server.port),
  'kong.request.get_forwarded_scheme': ofRequest(forwardedScheme),
  'kong.request.get_forwarded_host': ofRequest(forwardedHost),
  'kong.request.get_forwarded_port': ofRequest(forwardedPort),
  'kong.request.get_forwarded_path': ofRequest(forwardedPath),
  'kong.request.get_forwarded_prefix': ofRequest(forwardedPrefix),
  'kong.request.get_http_version': ofRequest(({ exchange }) =>
    Number(exchange.incoming.httpVersion),
  ),
  'kong.request.get_method': ofRequest(({ exchange }) => exchange.method),
  'kong.request.get_path': ofRequest(({ exchange }) => normalizePath(exchange.rawPath)),
  'kong.request.get_raw_path': ofRequest(({ exchange }) => exchange.rawPath),
  'kong.request.get_path_with_query': ofRequest(({ exchange }) => exchange.incoming.uri),
  'kong.request.get_raw_query': ofRequest(({ exchange }) => exchange.args ?? ''),
  'kong.request.get_start_time': ({ exchange }) => exchange.incoming.startedAt,

  'kong.request.get_query': (context, most) => {
    const limit = requireMaximum('max_args', most, DEFAULT_MOST_ARGUMENTS);
    needsRequest(context);
    return parseQuery(context.exchange.args ?? '', limit);
  },

  'kong.request.get_query_arg': (context, name) => {
    const wanted = requireString(name, 'query argument name must be a string');
    needsRequest(context);
    const value = parseQuery(context.exchange.args ?? '').get(wanted);
    return Array.isArray(value) ? value[0] : value;
  },

  'kong.request.get_headers': ({ exchange, saved }, most) => {
    if (saved !== undefined) return saved.requestHeaders.toTable();
    return exchange.headers.toTable(requireMaximum('max_headers', most, DEFAULT_MOST_HEADERS));
  },

  'kong.request.get_header': ({ exchange, saved }, name) => {
    if (saved !== undefined) {
      if (typeof name !== 'string') return undefined;
      return firstOf(saved.requestHeaders.lookUp(name));
    }
    return headerValue(exchange, requireString(name, 'header name must be a string'));
  },

  'kong.request.get_raw_body': async (context, most) => {
    onlyIn(context, 'rewrite', 'access');
    const body = await context.exchange.incoming.body.read();
    if (body.kind === 'memory') return body.bytes.toString('latin1');
    if (typeof most !== 'number' || most < 0) return failed(NO_FILE);
    if (most > 0 && body.bytes.length > most) {
      return failed(`request body file too big: ${body.bytes.length} > ${most}`);
    }
    return body.bytes.toString('latin1');
  },

  'kong.request.get_body': async (context, mimeType, mostArguments, most) => {
    onlyIn(context, 'rewrite', 'access');
    return await requestBodyTable(context, mimeType, mostArguments, most);
  },

  'kong.request.get_uri_captures': ({ exchange }) => {
    const captures = exchange.match?.captures;
    const named = new Map<string | number, LuaValue>(captures?.named ?? []);
    const unnamed = new Map<string | number, LuaValue>();
    if (captures !== undefined && captures.unnamed.length > 0) {
      unnamed.set(0, exchange.match?.matchedPath);
      captures.unnamed.forEach((value, index) => {
        unnamed.set(index + 1, value);
      });
    }
    return new Map<string, LuaValue>([
      ['named', named],
      ['unnamed', unnamed],
    ]);
  },
};
