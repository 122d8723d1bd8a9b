import type { ServiceEntity } from '../config/gateway-config.ts';
import { escapePath } from '../router/normalize.ts';
import type { Exchange } from './exchange.ts';
import { SERVER } from './respond.ts';

/** Request headers that nginx writes itself or does not pass on. */
const REPLACED = new Set([
  'host',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'te',
  'expect',
  'upgrade',
  'via',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-path',
  'x-forwarded-prefix',
  'x-real-ip',
  'x-kong-request-id',
  'proxy',
  'proxy-connection',
]);

/** What Kong settles about the upstream request before plugins run. */
export function prepareUpstream(exchange: Exchange): void {
  const { match } = exchange;
  if (match === undefined) return;
  exchange.upstreamScheme = match.route.service?.protocol ?? 'http';
  exchange.upstreamUri = escapePath(match.upstreamPath);
  if (match.route.preserve_host) exchange.upstreamHost = exchange.headers.first('host');
}

/** The request target for the upstream. An empty query (`/path?`) is kept. */
export function upstreamTarget({ upstreamUri, args, incoming }: Exchange): string {
  const hasQuery = incoming.uri.endsWith('?') || (args !== undefined && args !== '');
  if (!hasQuery) return upstreamUri;
  // nginx would send a plugin's spaces and control characters as they are; no HTTP client can.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to escape
  return `${upstreamUri}?${(args ?? '').replace(/[\x00-\x20\x7f]/g, encodeURIComponent)}`;
}

/**
 * The headers for the upstream, in nginx's order: those that Kong sets, then the client's as plugins
 * left them. `length` is the size of the body, or `chunked`, or undefined without one.
 */
export function upstreamHeaders(
  exchange: Exchange,
  service: ServiceEntity,
  length: number | 'chunked' | undefined,
): [string, string][] {
  const { incoming, headers, forwarded } = exchange;
  const first = (name: string) => headers.first(name);
  const upgrade = first('upgrade')?.toLowerCase() === 'websocket';
  const via = first('via');
  const kongVia = `${Number(incoming.httpVersion)} ${SERVER}`;
  const wantsTrailers = tokens(first('te')).includes('trailers');
  const own: [string, string | undefined][] = [
    ['TE', wantsTrailers ? 'trailers' : undefined],
    ['Via', via === undefined ? kongVia : `${via}, ${kongVia}`],
    ['Host', exchange.upstreamHost ?? serviceHost(service, exchange.upstreamScheme)],
    ['Upgrade', upgrade ? 'websocket' : undefined],
    ['Connection', upgrade ? 'keep-alive, Upgrade' : 'keep-alive'],
    ['X-Forwarded-For', forwarded?.for],
    ['X-Forwarded-Proto', forwarded?.proto],
    ['X-Forwarded-Host', forwarded?.host],
    ['X-Forwarded-Port', forwarded?.port],
    ['X-Forwarded-Path', forwarded?.path],
    ['X-Forwarded-Prefix', forwarded?.prefix],
    ['X-Real-IP', incoming.remote.ip],
    ['X-Kong-Request-Id', exchange.kongRequestId],
    ['Content-Length', typeof length === 'number' ? String(length) : undefined],
    ['Transfer-Encoding', length === 'chunked' ? 'chunked' : undefined],
  ];
  const dropped = new Set([...REPLACED, ...connectionTokens(first('connection'), upgrade)]);
  // Node refuses to announce trailers for a body of known length.
  if (length !== 'chunked') dropped.add('trailer');
  return [
    ...own.filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''),
    ...headers.entries.filter(([name]) => !dropped.has(name.toLowerCase())),
  ];
}

/** Headers that the client's `Connection` names are for this hop only (RFC 9110, section 7.6.1). */
function connectionTokens(connection: string | undefined, upgrade: boolean): string[] {
  if (connection === 'keep-alive' || connection === 'close' || connection === 'upgrade') return [];
  return tokens(connection).filter((token) => token !== 'upgrade' || !upgrade);
}

export function tokens(list: string | undefined): string[] {
  return (list ?? '')
    .split(',')
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== '');
}

function serviceHost({ host, port }: ServiceEntity, scheme: 'http' | 'https'): string {
  const isUsual = port === (scheme === 'https' ? 443 : 80);
  return isUsual ? host : `${host}:${port}`;
}
