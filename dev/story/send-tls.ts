import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { Answer, Sent } from './send.ts';

/** PEM each. */
export interface TlsClient {
  /** The one certificate that the server may show. */
  ca: string;
  /** The client's own, with its key, where it authenticates with one. */
  cert?: string | undefined;
  key?: string | undefined;
  /** The name to ask for (SNI); none by default, as clients of an address have none. */
  servername?: string | undefined;
}

/** Sends one request over a TLS connection of its own: `send` for `https` and client certificates. */
export async function sendTls(
  base: string,
  { method = 'GET', path, headers = {}, body = '' }: Sent,
  { ca, cert, key, servername }: TlsClient,
): Promise<Answer> {
  const { hostname, port } = new URL(base);
  const outgoing = request({
    ...{ hostname, port, method, path, ca, cert, key, servername },
    agent: false,
    headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
  });
  const answered: Promise<IncomingMessage[]> = once(outgoing, 'response');
  outgoing.end(body);
  const [response] = await answered;
  if (response === undefined) throw new Error('an answer without a response');
  const text = Buffer.concat(await response.toArray()).toString('utf8');
  const isRefusal = response.headers['content-type'] === 'application/problem+json';
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: text,
    code: isRefusal ? String(JSON.parse(text).code) : null,
  };
}
