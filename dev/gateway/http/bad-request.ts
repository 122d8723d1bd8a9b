import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { formatError, responseType } from './error-format.ts';
import { errorMessage } from './error-messages.ts';
import { SERVER } from './respond.ts';
import { defaultPage, reasonPhrase } from './status-line.ts';

/**
 * Answers what Node's parser could not read as HTTP the way nginx and Kong do. What was understood
 * of it, and so the type that the client accepts, is found in the raw bytes.
 */
export function answerBadRequest(
  socket: Duplex,
  code: string | undefined,
  raw: Buffer | undefined,
): void {
  if (!socket.writable || code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const text = raw?.toString('latin1') ?? '';
  const status = statusOf(code, text);
  const accept = /^accept: *(.*)$/im.exec(text)?.[1];
  const requestId = randomBytes(16).toString('hex');
  // Only the statuses of Kong's `error_page` reach its error handler.
  const type =
    status === 400 ? responseType(accept?.trim() ?? 'text/plain') : 'text/html; charset=UTF-8';
  const body =
    status === 400 ? formatError(type, errorMessage(status), requestId) : defaultPage(status);
  const head = [
    `HTTP/1.1 ${status} ${reasonPhrase(status)}`,
    `Date: ${new Date().toUTCString()}`,
    `Content-Type: ${type}`,
    'Connection: close',
    `Content-Length: ${body?.length ?? 0}`,
    'X-Kong-Response-Latency: 0',
    `Server: ${SERVER}`,
    `X-Kong-Request-Id: ${requestId}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body ?? ''}`, 'latin1');
}

/** Statuses other than 400 that nginx has for what cannot be read as a request. */
function statusOf(code: string | undefined, text: string): number {
  if (code === 'HPE_INVALID_VERSION' && /^.* HTTP\/[2-9]/.test(text)) return 505;
  const hasLength = /^content-length:/im.test(text);
  return code === 'HPE_INVALID_TRANSFER_ENCODING' && !hasLength ? 501 : 400;
}
