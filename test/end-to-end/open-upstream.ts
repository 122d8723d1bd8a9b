import { createServer, type IncomingHttpHeaders } from 'node:http';
import { close, listen, localUrl } from '../../dev/google/listen.ts';
import { take } from './tokens.ts';

export interface Arrival {
  method: string;
  /** With the query. */
  path: string;
  headers: IncomingHttpHeaders;
  /** Audience of the ID token; null for a request without one. */
  audience: string | null;
}

export interface OpenUpstream {
  url: string;
  /** Everything that has come, with or without ID token. */
  arrivals(): readonly Arrival[];
  stop(): Promise<void>;
}

/**
 * A service that requires no authentication: it answers whoever arrives with what has arrived. What the chain lets
 * through shows here, where Cloud Run would refuse it.
 */
export async function startOpenUpstream(): Promise<OpenUpstream> {
  const arrivals: Arrival[] = [];
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    const arrival = { method, path: url, headers, audience: audienceOf(headers) };
    arrivals.push(arrival);
    request.resume();
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(arrival));
  });
  const port = await listen(server, '127.0.0.1', 0);
  return {
    url: localUrl('127.0.0.1', port),
    arrivals: () => arrivals,
    stop: () => close(server),
  };
}

function audienceOf(headers: IncomingHttpHeaders): string | null {
  const token = headers['x-serverless-authorization'];
  if (typeof token !== 'string') return null;
  const { aud } = take(token.replace(/^Bearer /, '')).payload;
  return String(aud);
}
