import { hostname } from 'node:os';
import { removeDotSegments } from '../router/normalize.ts';
import type { PdkContext } from './pdk.ts';
import { tlsVariable } from './tls-variable.ts';

type Variable = (context: PdkContext) => string | undefined;

const VARIABLES: Record<string, Variable> = {
  args: ({ exchange }) => exchange.args,
  query_string: ({ exchange }) => exchange.args,
  is_args: ({ exchange }) => (exchange.args === undefined || exchange.args === '' ? '' : '?'),
  request: ({ exchange }) => exchange.requestLine,
  request_uri: ({ exchange }) => exchange.incoming.uri,
  request_method: ({ exchange }) => exchange.method,
  request_id: ({ exchange }) => exchange.requestId,
  kong_request_id: ({ exchange }) => exchange.kongRequestId,
  request_length: ({ exchange }) => String(exchange.requestBytes),
  request_time: ({ exchange }) => ((Date.now() - exchange.incoming.startedAt) / 1000).toFixed(3),
  uri: ({ exchange }) => decoded(exchange.rawPath),
  document_uri: ({ exchange }) => decoded(exchange.rawPath),
  request_completion: () => '',
  pipe: () => '.',
  scheme: ({ exchange }) => exchange.incoming.scheme,
  https: ({ exchange }) => (exchange.incoming.tls === undefined ? '' : 'on'),
  host: ({ exchange }) => exchange.incoming.host,
  hostname: () => hostname(),
  server_protocol: ({ exchange }) => `HTTP/${exchange.incoming.httpVersion}`,
  server_name: () => 'kong',
  server_addr: ({ exchange }) => exchange.incoming.server.ip,
  server_port: ({ exchange }) => String(exchange.incoming.server.port),
  remote_addr: ({ exchange }) => exchange.incoming.remote.ip,
  remote_port: ({ exchange }) => String(exchange.incoming.remote.port ?? ''),
  realip_remote_addr: ({ exchange }) => exchange.incoming.client.ip,
  realip_remote_port: ({ exchange }) => String(exchange.incoming.client.port),
  remote_user: ({ exchange }) => remoteUser(exchange.headers.first('authorization')),
  content_type: ({ exchange }) => exchange.headers.first('content-type'),
  content_length: ({ exchange }) => exchange.headers.first('content-length'),
  status: ({ exchange }) => String(exchange.status ?? 0).padStart(3, '0'),
  msec: () => (Date.now() / 1000).toFixed(3),
  time_iso8601: () => new Date().toISOString().replace(/\.\d+Z$/, '+00:00'),
  pid: () => String(process.pid),
  nginx_version: () => '1.25.3',
  upstream_scheme: ({ exchange }) => exchange.upstreamScheme,
  upstream_uri: ({ exchange }) => exchange.upstreamUri,
  upstream_host: ({ exchange }) => exchange.upstreamHost ?? '',
  upstream_status: ({ exchange }) => exchange.upstreamStatus,
};

/** `ngx.var[name]`; an unknown name is no error. */
export function nginxVariable(context: PdkContext, name: string): string | undefined {
  const { exchange } = context;
  const key = name.toLowerCase();
  if (Object.hasOwn(VARIABLES, key)) return VARIABLES[key]?.(context);
  if (key.startsWith('ssl_')) return tlsVariable(exchange.incoming.tls, key);
  if (key.startsWith('http_')) return exchange.headers.variable(key.slice('http_'.length));
  if (key.startsWith('sent_http_')) {
    return exchange.responseHeaders.list.variable(key.slice('sent_http_'.length));
  }
  if (key.startsWith('cookie_')) return cookie(exchange.headers.all('cookie'), key.slice(7));
  if (key.startsWith('arg_')) return argument(exchange.args ?? '', name.slice(4));
  return undefined;
}

/** nginx's own reading of a path: all escapes decoded, then dot segments and slashes resolved. */
function decoded(path: string): string {
  return removeDotSegments(
    path.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
  );
}

function remoteUser(authorization: string | undefined): string | undefined {
  const [, credentials] = /^basic +([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '') ?? [];
  if (credentials === undefined) return undefined;
  return Buffer.from(credentials, 'base64').toString('latin1').split(':')[0];
}

function cookie(headers: string[], name: string): string | undefined {
  for (const part of headers.flatMap((header) => header.split(';'))) {
    const [key = '', ...value] = part.trim().split('=');
    if (key.toLowerCase() === name) return value.join('=');
  }
  return undefined;
}

/** As written, without decoding. */
function argument(query: string, name: string): string | undefined {
  const pair = query
    .split('&')
    .find((part) => part.toLowerCase().startsWith(`${name.toLowerCase()}=`));
  return pair?.slice(name.length + 1);
}
