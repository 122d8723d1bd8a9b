import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { JWTPayload } from 'jose';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { close, listen, localUrl } from '../google/listen.ts';
import { authenticateInvoker } from './authenticate-invoker.ts';
import { sendErrorPage } from './error-page.ts';
import { type ForwardedHeaders, forwardHeaders } from './forward-headers.ts';
import { createIdTokenVerifier } from './verify-id-token.ts';

export interface CloudRunOptions {
  /** default 127.0.0.1 */
  host?: string;
  /** default 0: a free port */
  port?: number;
  service: string;
  /** the service URL and any custom audiences */
  audiences: readonly string[];
  certsUrl: string;
  /** emails with roles/run.invoker, or `allUsers` for a public service */
  invokers: readonly string[];
  clock?: Clock;
  onRequest?: (seen: SeenRequest) => void;
}

/** A request as the app behind the front end saw it. */
export interface SeenRequest {
  service: string;
  method: string;
  /** with the query, as sent */
  path: string;
  headers: ForwardedHeaders;
  /** claims of the verified token; absent on a public service */
  invoker?: JWTPayload;
  body: Buffer;
}

export interface CloudRun {
  url: string;
  port: number;
  /** every request that reached the app, oldest first; the last 1000 */
  requests(): SeenRequest[];
  stop(): Promise<void>;
}

const KEPT_REQUESTS = 1000;
/** cloud.google.com/run/quotas: an HTTP/1 request may have 32 MiB */
const MAX_BODY_BYTES = 32 * 1024 * 1024;

/**
 * One Cloud Run service: the front end with its IAM check, and behind it an app that answers with what
 * it received. Plain HTTP; for development and test only.
 *
 * @example
 * const service = await startCloudRun({
 *   service: 'tasks', audiences: ['https://tasks.example'], certsUrl: google.certsUrl,
 *   invokers: [google.defaultServiceAccount],
 * });
 */
export async function startCloudRun(options: CloudRunOptions): Promise<CloudRun> {
  const { host = '127.0.0.1', service, audiences, invokers, clock = systemClock } = options;
  if (audiences.length === 0) throw new Error(`${service}: at least one audience is needed`);
  const verify = createIdTokenVerifier(options.certsUrl, audiences, clock);
  const seen: SeenRequest[] = [];

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    const received = request.headersDistinct;
    const verdict = await authenticateInvoker(received, { invokers, verify });
    if (verdict.outcome === 'deny') {
      sendErrorPage(response, verdict.status, path.split('?', 1)[0] ?? '/');
      return;
    }
    const body = await readBody(request);
    if (body === undefined) {
      sendErrorPage(response, 413, path);
      return;
    }
    const address = request.socket.remoteAddress ?? '127.0.0.1';
    const reached: SeenRequest = {
      service,
      method: request.method ?? 'GET',
      path,
      headers: forwardHeaders(received, verdict.header, address),
      ...(verdict.claims === undefined ? {} : { invoker: verdict.claims }),
      body,
    };
    seen.push(reached);
    if (seen.length > KEPT_REQUESTS) seen.shift();
    options.onRequest?.(reached);
    echo(response, reached);
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (request.destroyed || response.headersSent) {
        response.destroy();
        return;
      }
      console.error(
        `cloud run stand-in, ${service}:`,
        error instanceof Error ? error.message : 'failed',
      );
      sendErrorPage(response, 503, '');
    });
  });
  const port = await listen(server, host, options.port ?? 0);
  return {
    url: localUrl(host, port),
    port,
    requests: () => [...seen],
    stop: () => close(server),
  };
}

/** The app: says what it received, so that a client can see what came through. */
function echo(response: ServerResponse, seen: SeenRequest): void {
  const { service, method, path, headers, invoker, body } = seen;
  const answer = `${JSON.stringify({
    service,
    method,
    path,
    headers,
    invoker: invoker === undefined ? null : { email: invoker.email, aud: invoker.aud },
    body_bytes: body.length,
  })}\n`;
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(answer),
    'x-cloud-trace-context': String(headers['x-cloud-trace-context']),
    server: 'Google Frontend',
  });
  response.end(method === 'HEAD' ? undefined : answer);
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
