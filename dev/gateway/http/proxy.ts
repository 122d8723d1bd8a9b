import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream/promises';
import type { ServiceEntity } from '../config/gateway-config.ts';
import type { Exchange } from './exchange.ts';
import type { GatewayState } from './gateway-state.ts';
import { sendError, sendMessage } from './respond.ts';
import { upstreamHeaders, upstreamTarget } from './upstream-request.ts';
import { sendUpstreamResponse } from './upstream-response.ts';

/** Connections to upstreams, kept between requests. */
export class UpstreamAgents {
  readonly http = new HttpAgent({ keepAlive: true });
  readonly https = new HttpsAgent({ keepAlive: true });

  close(): void {
    this.http.destroy();
    this.https.destroy();
  }
}

type Attempt =
  | { kind: 'answered'; message: IncomingMessage }
  | { kind: 'failed'; status: 502 | 504; reason: string; isSafeToRepeat: boolean }
  | { kind: 'unresolved' };

/** Methods for which Node expects no body. */
const WITHOUT_BODY = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);

const IDEMPOTENT = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']);

/**
 * Passes a request on to the service and its answer back. A failed attempt is repeated up to
 * `retries` times when the request cannot have had an effect.
 */
export async function proxy(
  exchange: Exchange,
  response: ServerResponse,
  source: IncomingMessage,
  agents: UpstreamAgents,
  gateway: GatewayState,
): Promise<void> {
  const { match } = exchange;
  const service = match?.route.service;
  if (match === undefined || service === undefined) return;
  exchange.accessEndedAt = Date.now();
  exchange.isProxied = true;
  const isStreamed = !match.route.request_buffering && !exchange.incoming.body.isReplaced;
  const body = isStreamed ? source : (await exchange.incoming.body.read()).bytes;
  if (Buffer.isBuffer(body)) exchange.requestBytes += body.length;
  const mayRepeat = Buffer.isBuffer(body);
  let status: 502 | 504 = 502;
  for (let count = 0; count <= service.retries; count += 1) {
    if (response.destroyed) return;
    const attempt = await attemptOnce(exchange, service, body, agents, response);
    if (attempt.kind === 'answered') {
      await sendUpstreamResponse(exchange, response, attempt.message);
      return;
    }
    if (attempt.kind === 'unresolved') {
      exchange.isProxied = false;
      exchange.tries.length = 0;
      sendMessage(exchange, response, 503, 'name resolution failed');
      return;
    }
    status = attempt.status;
    const tried = exchange.tries.at(-1);
    if (tried !== undefined) Object.assign(tried, { state: 'failed', code: attempt.status });
    gateway.log('err', `${attempt.reason} while connecting to upstream`);
    if (!mayRepeat || !attempt.isSafeToRepeat) break;
  }
  exchange.upstreamStatus = exchange.tries.map(() => String(status)).join(', ');
  if (!response.destroyed) sendError(exchange, response, status);
}

function attemptOnce(
  exchange: Exchange,
  service: ServiceEntity,
  body: Buffer | IncomingMessage,
  agents: UpstreamAgents,
  response: ServerResponse,
): Promise<Attempt> {
  return new Promise((resolve) => {
    const startedAt = Date.now();
    exchange.tries.push({
      balancer_start: startedAt,
      balancer_start_ns: startedAt * 1e6,
      ip: service.host,
      balancer_latency: 0,
      balancer_latency_ns: 0,
      port: service.port,
    });
    const isTls = exchange.upstreamScheme === 'https';
    const length = bodyLength(exchange, body);
    const headers = upstreamHeaders(exchange, service, length);
    // Node would announce a chunked body for a POST without one, which nginx does not. Where that
    // must be switched off, headers cannot be given as they are, and repeated ones move together.
    const needsCare = length === undefined && !WITHOUT_BODY.has(exchange.method);
    const options = {
      host: service.host,
      port: service.port,
      method: exchange.method,
      path: upstreamTarget(exchange),
      setHost: false,
      ...(needsCare ? {} : { headers: headers.flat() }),
    };
    const request = isTls
      ? httpsRequest({
          ...options,
          agent: agents.https,
          servername: hostName(exchange.upstreamHost ?? service.host),
          rejectUnauthorized: service.tls_verify,
        })
      : httpRequest({ ...options, agent: agents.http });
    if (needsCare) {
      request.useChunkedEncodingByDefault = false;
      for (const [name, value] of headers) request.appendHeader(name, value);
    }
    let isConnected = false;
    const onClientGone = () => request.destroy();
    const settle = (attempt: Attempt) => {
      clearTimeout(timer);
      response.off('close', onClientGone);
      resolve(attempt);
    };
    let timer = setTimeout(() => request.destroy(new UpstreamTimeout()), service.connect_timeout);
    response.once('close', onClientGone);
    request.on('socket', (socket) => {
      const connected = () => {
        isConnected = true;
        clearTimeout(timer);
        timer = setTimeout(() => request.destroy(new UpstreamTimeout()), service.read_timeout);
        const tried = exchange.tries.at(-1);
        if (socket.remoteAddress !== undefined && tried !== undefined)
          tried.ip = socket.remoteAddress;
      };
      if (socket.connecting) socket.once(isTls ? 'secureConnect' : 'connect', connected);
      else connected();
    });
    request.on('response', (message) => {
      message.setTimeout(service.read_timeout, () => message.destroy());
      settle({ kind: 'answered', message });
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') {
        settle({ kind: 'unresolved' });
        return;
      }
      const status = error instanceof UpstreamTimeout ? 504 : 502;
      const isSafeToRepeat = !isConnected || IDEMPOTENT.has(exchange.method);
      settle({ kind: 'failed', status, reason: error.message, isSafeToRepeat });
    });
    if (Buffer.isBuffer(body)) request.end(body);
    else pipeline(body, request).catch((error: Error) => request.destroy(error));
  });
}

class UpstreamTimeout extends Error {
  override readonly name = 'UpstreamTimeout';

  constructor() {
    super('upstream timed out');
  }
}

/** nginx gives a buffered body its length, however it came. */
function bodyLength(
  { incoming, headers }: Exchange,
  body: Buffer | IncomingMessage,
): number | 'chunked' | undefined {
  const given = incoming.headers.first('content-length');
  if (Buffer.isBuffer(body)) {
    const hadBody = given !== undefined || headers.has('transfer-encoding');
    return hadBody || body.length > 0 ? body.length : undefined;
  }
  if (given !== undefined) return Number(given);
  return headers.has('transfer-encoding') ? 'chunked' : undefined;
}

function hostName(authority: string): string {
  return authority.replace(/:\d+$/, '');
}
