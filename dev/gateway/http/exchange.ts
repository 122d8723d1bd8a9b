import { randomBytes } from 'node:crypto';
import type { LuaTable, LuaValue } from '../lua/value.ts';
import type { RouteMatch } from '../router/router.ts';
import { HeaderList } from './header-list.ts';
import type { RemoteAddress } from './remote-address.ts';
import type { RequestBody } from './request-body.ts';
import { ResponseHeaders } from './response-headers.ts';
import type { TlsConnection } from './tls-connection.ts';

export type Phase = 'rewrite' | 'access' | 'log';

/** An answer that a plugin or Kong itself gives instead of the upstream. */
export interface OwnResponse {
  status: number;
  body: LuaValue;
  headers: Map<string | number, LuaValue> | undefined;
}

export interface Address {
  ip: string;
  port: number;
}

/** A request that nginx has taken in. Texts are byte strings. */
export interface IncomingRequest {
  method: string;
  /** As it came: `$request_uri`. */
  uri: string;
  httpVersion: string;
  /** Lower case and without port: `$host`. */
  host: string;
  headers: HeaderList;
  /** `$scheme` */
  scheme: 'http' | 'https';
  /** Undefined on a connection without TLS. */
  tls: TlsConnection | undefined;
  /** The peer: `$realip_remote_addr`. */
  client: Address;
  /** `$remote_addr` */
  remote: RemoteAddress;
  server: Address;
  body: RequestBody;
  /** The bytes of the request line and the headers. */
  headBytes: number;
  /** Milliseconds since the epoch. */
  startedAt: number;
}

/** What the upstream is told of the way that a request came; an empty text goes as no header. */
export interface Forwarded {
  for: string;
  proto: string;
  host: string;
  port: string;
  path: string;
  prefix: string | undefined;
}

/** One attempt to reach the upstream. */
export interface Try {
  ip: string;
  port: number;
  balancer_start: number;
  balancer_start_ns: number;
  balancer_latency: number;
  balancer_latency_ns: number;
  state?: string;
  code?: number;
}

/** All that is known of one request while it passes through, Kong's `ngx.ctx` and `ngx.var`. */
export class Exchange {
  readonly incoming: IncomingRequest;
  /** `$request_id`, which is not what `X-Kong-Request-Id` says. */
  readonly requestId = randomBytes(16).toString('hex');
  /** `$kong_request_id` */
  readonly kongRequestId = randomBytes(16).toString('hex');

  method: string;
  /** `$args`; undefined without a question mark. */
  args: string | undefined;
  /** The request's headers as plugins have changed them; these go to the upstream. */
  headers: HeaderList;
  readonly responseHeaders = new ResponseHeaders();
  status: number | undefined;

  match: RouteMatch | undefined;
  consumer: LuaTable | undefined;
  credential: LuaTable | undefined;
  readonly shared = new Map<LuaValue, LuaValue>();
  readonly ngxContext = new Map<LuaValue, LuaValue>();
  readonly serializeValues: { key: string; value: LuaValue; mode: string }[] = [];

  upstreamScheme: 'http' | 'https' = 'http';
  upstreamUri = '';
  /** Set by `preserve_host` or by a plugin that sets the Host header. */
  upstreamHost: string | undefined;
  /** Known once there is a route. */
  forwarded: Forwarded | undefined;
  upstreamStatus: string | undefined;
  readonly tries: Try[] = [];

  /** A plugin or Kong itself answered. */
  isExited = false;
  /** Something broke, or nginx answered. */
  isUnexpected = false;
  isProxied = false;

  /** When the request was handed to the upstream, and when it began to answer; ms. */
  accessEndedAt: number | undefined;
  responseStartedAt: number | undefined;
  endedAt: number | undefined;
  responseBytes = 0;
  requestBytes: number;
  /** What is to be done when nginx frees the request. */
  readonly cleanUps: (() => void)[] = [];
  /** The response as it was sent. */
  sentHeaders = new HeaderList();

  constructor(incoming: IncomingRequest) {
    this.incoming = incoming;
    this.method = incoming.method;
    this.headers = incoming.headers;
    this.requestBytes = incoming.headBytes;
    const question = incoming.uri.indexOf('?', 1);
    this.args = question === -1 ? undefined : incoming.uri.slice(question + 1).split('#', 1)[0];
  }

  /** `$request_uri` without its query. */
  get rawPath(): string {
    const { uri } = this.incoming;
    const question = uri.indexOf('?', 1);
    return question === -1 ? uri : uri.slice(0, question);
  }

  get requestLine(): string {
    const { method, uri, httpVersion } = this.incoming;
    return `${method} ${uri} HTTP/${httpVersion}`;
  }

  /** What nginx does with a request that is over, before the log phase's timers run. */
  free(): void {
    for (const cleanUp of this.cleanUps.splice(0)) cleanUp();
    this.incoming.body.removeFile();
  }
}
