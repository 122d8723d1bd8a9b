import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Exchange } from './exchange.ts';
import { HeaderList } from './header-list.ts';
import { writeHead } from './respond.ts';
import { tokens } from './upstream-request.ts';

/** Response headers that nginx keeps to itself. */
const HIDDEN = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'x-pad',
  'x-accel-expires',
  'x-accel-redirect',
  'x-accel-limit-rate',
  'x-accel-buffering',
  'x-accel-charset',
]);

/** Of these the upstream's value counts and replaces what a plugin set. */
const UPSTREAM_WINS = ['content-type', 'content-length'];

/** Passes the upstream's answer on, with the headers that plugins set before it came. */
export async function sendUpstreamResponse(
  exchange: Exchange,
  response: ServerResponse,
  message: IncomingMessage,
): Promise<void> {
  exchange.responseStartedAt = Date.now();
  const status = message.statusCode ?? 502;
  exchange.upstreamStatus = [
    ...exchange.tries.slice(0, -1).map(({ code }) => String(code ?? 502)),
    String(status),
  ].join(', ');
  const headers = exchange.responseHeaders.list.copy();
  const received = HeaderList.fromRaw(message.rawHeaders);
  for (const name of UPSTREAM_WINS) if (received.has(name)) headers.remove(name);
  const named = tokens(received.all('connection').join(','));
  const dropped = new Set([...HIDDEN, ...named.filter((token) => token !== 'close')]);
  const hasTrailers = tokens(exchange.headers.first('te')).includes('trailers');
  if (!hasTrailers || received.has('content-length')) dropped.add('trailer');
  const upgrade = exchange.headers.first('upgrade')?.toLowerCase();
  if (upgrade !== 'websocket' || received.first('upgrade')?.toLowerCase() !== upgrade) {
    dropped.add('upgrade');
  }
  for (const [name, value] of received.entries) {
    if (!dropped.has(name.toLowerCase())) headers.add(name, value);
  }
  const reason = message.statusMessage ?? '';
  writeHead(exchange, response, { status, reason, headers, via: received.all('via') });
  // A body cut short upstream must look cut short downstream: pipeline destroys the response.
  await pipeline(message, response).catch(() => undefined);
}
