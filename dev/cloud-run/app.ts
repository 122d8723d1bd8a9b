import type { ServerResponse } from 'node:http';
import type { JWTPayload } from 'jose';
import type { ForwardedHeaders } from './forward-headers.ts';

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

export interface AppAnswer {
  status: number;
  headers?: Readonly<Record<string, string | string[]>>;
  body?: string;
}

/** undefined leaves the answer to the echo */
export type App = (request: SeenRequest) => AppAnswer | undefined | Promise<AppAnswer | undefined>;

/** cloud.google.com/run/quotas: an HTTP/1 request may have 32 MiB */
export const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** What the app answers when nothing else was asked of it: what it received. */
export function echo({ service, method, path, headers, invoker, body }: SeenRequest): AppAnswer {
  const received = {
    service,
    method,
    path,
    headers,
    invoker: invoker === undefined ? null : { email: invoker.email, aud: invoker.aud },
    body_bytes: body.length,
  };
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: `${JSON.stringify(received)}\n`,
  };
}

/**
 * The app's answer as the front end passes it on: status, headers and body are the app's, also where they are a
 * refusal; only `server` is always the front end's.
 */
export function sendAppAnswer(
  response: ServerResponse,
  { method, headers: received }: SeenRequest,
  { status, headers = {}, body = '' }: AppAnswer,
): void {
  const own = Object.entries(headers).filter(
    ([name]) => !['server', 'content-length'].includes(name.toLowerCase()),
  );
  response.writeHead(status, {
    ...Object.fromEntries(own),
    'content-length': Buffer.byteLength(body),
    'x-cloud-trace-context': String(received['x-cloud-trace-context']),
    server: 'Google Frontend',
  });
  response.end(method === 'HEAD' ? undefined : body);
}
