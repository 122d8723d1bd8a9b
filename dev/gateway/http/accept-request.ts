import type { IncomingMessage } from 'node:http';
import { Exchange, type IncomingRequest } from './exchange.ts';
import { HeaderList } from './header-list.ts';
import { hostOf } from './nginx-host.ts';
import { headSizeFault } from './nginx-limits.ts';
import { isAcceptableUri } from './nginx-uri.ts';
import { remoteAddress } from './remote-address.ts';
import { RequestBody } from './request-body.ts';
import { type TlsConnection, tlsConnection } from './tls-connection.ts';
import type { TrustedIps } from './trusted-ips.ts';

/** Headers that nginx refuses to see twice. */
const UNIQUE = new Set([
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'if-match',
  'if-none-match',
  'content-length',
  'content-range',
  'if-range',
  'transfer-encoding',
  'expect',
  'authorization',
]);

export interface Accepted {
  exchange: Exchange;
  /** The status with which nginx refuses the request before Kong sees it. */
  refusal: number | undefined;
}

/** nginx's own status for a client certificate that it does not take. */
export const CERTIFICATE_ERROR = 495;

/** Takes in a request as nginx does before Kong's own phases run. */
export function acceptRequest(
  message: IncomingMessage,
  startedAt: number,
  trustedIps: TrustedIps,
): Accepted {
  const { target, authority } = splitTarget(message.url ?? '');
  const received = HeaderList.fromRaw(message.rawHeaders);
  const lines = received.entries.map(([name, value]) => `${name}: ${value}`);
  const requestLine = `${message.method ?? ''} ${message.url ?? ''} HTTP/${message.httpVersion}`;
  const tls = tlsConnection(message.socket);
  const base: Omit<IncomingRequest, 'headers' | 'host' | 'remote'> = {
    method: message.method ?? '',
    uri: target,
    httpVersion: message.httpVersion,
    scheme: tls === undefined ? 'http' : 'https',
    tls,
    client: address(message.socket.remoteAddress, message.socket.remotePort),
    server: address(message.socket.localAddress, message.socket.localPort),
    body: new RequestBody(message),
    headBytes: [requestLine, ...lines, ''].reduce((sum, line) => sum + line.length + 2, 0),
    startedAt,
  };
  const build = (headers: HeaderList, host: string, refusal?: number): Accepted => ({
    exchange: new Exchange({
      ...base,
      headers,
      host,
      remote: remoteAddress(base.client, headers, trustedIps),
    }),
    refusal,
  });
  const oversize = headSizeFault(requestLine, lines);
  if (oversize?.status === 414) return build(new HeaderList(), '', 414);
  if (!isAcceptableUri(target)) return build(new HeaderList(), '', 400);
  const read =
    oversize === undefined ? received.entries : received.entries.slice(0, oversize.linesRead);
  const headers = new HeaderList();
  let host = authority === undefined ? '' : (hostOf(authority) ?? '');
  for (const [name, value] of read) {
    const key = name.toLowerCase();
    // nginx drops a header whose name has other characters (ignore_invalid_headers).
    if (!/^[\w-]+$/.test(name)) continue;
    if (UNIQUE.has(key) && headers.has(key)) return build(headers, host, 400);
    headers.add(name, value);
    if (key !== 'host') continue;
    const parsed = hostOf(value);
    if (parsed === undefined) return build(headers, host, 400);
    if (authority === undefined) host = parsed;
  }
  if (oversize !== undefined) return build(headers, host, 494);
  if (!headers.has('host') && message.httpVersion !== '1.0') return build(headers, host, 400);
  return build(headers, host === '' ? 'kong' : host, refusalOf(message.method, tls));
}

function refusalOf(method: string | undefined, tls: TlsConnection | undefined): number | undefined {
  if (method === 'TRACE' || method === 'CONNECT') return 405;
  return tls?.isRefused ? CERTIFICATE_ERROR : undefined;
}

/** A target in absolute form (RFC 9112, section 3.2.2) carries the host that counts. */
function splitTarget(url: string): { target: string; authority?: string } {
  const [, authority, path] = /^https?:\/\/([^/?#]*)(.*)$/is.exec(url) ?? [];
  if (authority === undefined || path === undefined) return { target: url };
  return { authority, target: path.startsWith('/') ? path : `/${path}` };
}

function address(ip: string | undefined, port: number | undefined) {
  return { ip: (ip ?? '').replace(/^::ffff:/, ''), port: port ?? 0 };
}
