import type { ServerResponse } from 'node:http';
import { encodeJson } from '../lua/json.ts';
import { LuaError } from '../lua/lua-error.ts';
import { isTable, type LuaValue } from '../lua/value.ts';
import { headerEntries, headerValues } from '../pdk/header-arguments.ts';
import { withCharset } from './charset.ts';
import { formatError, responseType } from './error-format.ts';
import { errorMessage } from './error-messages.ts';
import type { Exchange, OwnResponse } from './exchange.ts';
import { HeaderList } from './header-list.ts';
import { defaultPage, reasonPhrase } from './status-line.ts';

export const SERVER = 'kong/3.9.3';

/** Statuses for which nginx asks Kong's error handler (`error_page` in Kong's nginx.conf). */
const HANDLED = new Set([400, 404, 405, 408, 411, 412, 413, 414, 417, 494, 500, 502, 503, 504]);

/** After these nginx closes the connection. */
const CLOSING = new Set([400, 413, 414, 494, 500, 501]);

const NO_BODY = new Set([204, 304]);

/** Sends what a plugin or Kong itself answers, as `kong.response.exit` does. */
export function sendOwn(exchange: Exchange, response: ServerResponse, own: OwnResponse): void {
  const { responseHeaders } = exchange;
  const given = own.headers === undefined ? [] : headerEntries(own.headers);
  for (const [name, values] of given) {
    if (!/^transfer[-_]encoding$/i.test(name)) responseHeaders.set(name, values);
  }
  const has = (pattern: RegExp) => given.some(([name]) => pattern.test(name));
  const isSized = has(/^content[-_]length$/i);
  exchange.status = own.status;
  if (own.status < 200) {
    // nginx cannot end a request with an interim status and drops the connection.
    response.destroy();
    return;
  }
  if (own.body === undefined) {
    sendWithoutBody(exchange, response, own.status, isSized);
    return;
  }
  const body = bodyText(own.body);
  if (body === undefined) {
    sendError(exchange, response, 500);
    return;
  }
  if (isTable(own.body) && !has(/^content[-_]type$/i)) {
    responseHeaders.set('Content-Type', ['application/json; charset=utf-8']);
  }
  if (!isSized) responseHeaders.set('Content-Length', [String(body.length)]);
  finish(exchange, response, body);
}

/** A table as JSON; undefined when JSON cannot hold it, which Kong finds out too late for a plugin. */
function bodyText(body: LuaValue): string | undefined {
  if (!isTable(body)) return String(body);
  try {
    return encodeJson(body);
  } catch (error) {
    if (error instanceof LuaError) return undefined;
    throw error;
  }
}

function sendWithoutBody(
  exchange: Exchange,
  response: ServerResponse,
  status: number,
  isSized: boolean,
): void {
  if (HANDLED.has(status)) {
    sendError(exchange, response, status);
    return;
  }
  const page = status >= 300 ? (defaultPage(status) ?? '') : '';
  if (page !== '') exchange.responseHeaders.set('Content-Type', ['text/html']);
  const length = page.length;
  if (status === 204) exchange.responseHeaders.clear('Content-Length');
  else if (!isSized || length > 0) exchange.responseHeaders.set('Content-Length', [String(length)]);
  finish(exchange, response, page);
}

/** Kong's error page for a failure of nginx, of a plugin or of the upstream. */
export function sendError(exchange: Exchange, response: ServerResponse, status: number): void {
  exchange.isUnexpected = true;
  exchange.isExited = true;
  if (CLOSING.has(status)) response.shouldKeepAlive = false;
  const accept =
    exchange.headers.lookUp('accept') ?? exchange.headers.lookUp('content-type') ?? 'text/plain';
  const first = Array.isArray(accept) ? accept[0] : accept;
  const type = responseType(first);
  const body = formatError(type, errorMessage(status), exchange.kongRequestId) ?? '';
  // nginx's own status for headers that are too large must not be seen outside.
  exchange.status = status === 494 ? 400 : status;
  exchange.responseHeaders.set('Content-Type', headerValues(type));
  exchange.responseHeaders.set('Content-Length', [String(body.length)]);
  finish(exchange, response, body);
}

/** nginx's own page; its `error_page` for 400 is for other statuses, so Kong's handler never sees it. */
export function sendCertificateError(exchange: Exchange, response: ServerResponse): void {
  const page = [
    '<html>',
    '<head><title>400 The SSL certificate error</title></head>',
    '<body>',
    '<center><h1>400 Bad Request</h1></center>',
    '<center>The SSL certificate error</center>',
    '</body>',
    '</html>',
    '',
  ].join('\r\n');
  response.shouldKeepAlive = false;
  exchange.status = 400;
  exchange.responseHeaders.set('Content-Type', ['text/html']);
  exchange.responseHeaders.set('Content-Length', [String(page.length)]);
  finish(exchange, response, page);
}

/** Sends an error that Kong words itself, as `kong.response.error` does outside of plugins. */
export function sendMessage(
  exchange: Exchange,
  response: ServerResponse,
  status: number,
  message: string | undefined,
  headers: Record<string, string> = {},
): void {
  exchange.isExited = true;
  const type = responseType(exchange.headers.lookUp('accept'));
  const body = formatError(type, message ?? errorMessage(status), exchange.kongRequestId) ?? '';
  for (const [name, value] of Object.entries(headers)) exchange.responseHeaders.set(name, [value]);
  exchange.status = status;
  exchange.responseHeaders.set('Content-Type', headerValues(type));
  exchange.responseHeaders.set('Content-Length', [String(body.length)]);
  finish(exchange, response, body);
}

function finish(exchange: Exchange, response: ServerResponse, body: string): void {
  const status = exchange.status ?? 200;
  const headers = new HeaderList(exchange.responseHeaders.list.entries);
  writeHead(exchange, response, { status, reason: reasonPhrase(status), headers, via: [] });
  response.end(NO_BODY.has(status) ? undefined : Buffer.from(body, 'latin1'));
}

export interface ResponseHead {
  status: number;
  reason: string;
  headers: HeaderList;
  /** The upstream's own `Via` headers. */
  via: string[];
}

/** Sends status and headers with those that Kong adds to every response. */
export function writeHead(
  exchange: Exchange,
  response: ServerResponse,
  { status, reason, headers, via }: ResponseHead,
): void {
  exchange.responseStartedAt ??= Date.now();
  const { incoming, accessEndedAt, responseStartedAt } = exchange;
  const kongMs = responseStartedAt - incoming.startedAt;
  if (exchange.isProxied) {
    const upstreamMs = responseStartedAt - (accessEndedAt ?? responseStartedAt);
    headers.set('X-Kong-Upstream-Latency', [String(upstreamMs)]);
    headers.set('X-Kong-Proxy-Latency', [String(kongMs - upstreamMs)]);
    headers.set('Via', [[...via, `1.1 ${SERVER}`].join(', ')]);
    if (!headers.has('server')) headers.set('Server', [SERVER]);
  } else {
    headers.set('X-Kong-Response-Latency', [String(kongMs)]);
    headers.set('Server', [SERVER]);
  }
  headers.set('X-Kong-Request-Id', [exchange.kongRequestId]);
  const type = headers.first('content-type');
  if (status === 204) headers.remove('content-type');
  else if (type !== undefined) headers.set('Content-Type', [withCharset(status, type)]);
  exchange.sentHeaders = loggedHeaders(status, headers);
  exchange.status = status;
  if (!headers.has('date')) headers.add('Date', new Date().toUTCString());
  headers.add('Connection', response.shouldKeepAlive ? 'keep-alive' : 'close');
  response.writeHead(status, reason, headers.entries.flat());
}

/**
 * The headers as nginx shows them in the log phase: without the date that it adds itself, and with a
 * connection that is about to close whatever was said of it.
 */
function loggedHeaders(status: number, headers: HeaderList): HeaderList {
  const logged = headers.copy();
  logged.add('connection', 'close');
  const isChunked = !headers.has('content-length') && !NO_BODY.has(status);
  if (isChunked) logged.add('transfer-encoding', 'chunked');
  return logged;
}
