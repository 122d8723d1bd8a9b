import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export type Header = readonly [name: string, value: string];

/** A request as it goes on the wire: nothing is tidied up, and characters are bytes (ISO 8859-1). */
export interface RawRequest {
  method?: string;
  path: string;
  version?: string;
  /** Also a `Connection` of its own; without one, the connection is closed after the answer. */
  headers?: readonly Header[];
  /** Of the gateway by default; null for a request without it. */
  host?: string | null;
  /** Comes with its length unless the headers tell of it. */
  body?: string;
  /** Over TLS, with this certificate and its key where it has one. */
  tls?: { cert?: string; key?: string };
  /** Another address of this machine to send it from. Linux has all of 127.0.0.0/8. */
  from?: string;
  /** Reads until the gateway closes, for what follows the first answer. */
  readsOn?: boolean;
}

export interface RawAnswer {
  status: number;
  /** Lower-case names; of a repeated header the values are joined. */
  headers: Readonly<Record<string, string>>;
  body: string;
}

export interface Listener {
  port: number;
  /** PEM of its certificate, where it speaks TLS. */
  ca?: string | undefined;
}

/** Sends one request over a connection of its own. */
export function sendRaw(listener: Listener, request: RawRequest): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = open(listener, request);
    const finish = () => {
      socket.destroy();
      try {
        resolve(parseAnswer(received));
      } catch (error) {
        reject(error);
      }
    };
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      if (!request.readsOn && isComplete(received)) finish();
    });
    // What a server has said before it reset the connection still counts.
    socket.on('error', (error) => (received === '' ? reject(error) : finish()));
    socket.on('close', finish);
    socket.write(Buffer.from(written(listener, request), 'latin1'));
  });
}

function open({ port, ca }: Listener, { tls, from }: RawRequest): Socket {
  const to = { host: '127.0.0.1', port, ...(from === undefined ? {} : { localAddress: from }) };
  return tls === undefined ? connect(to) : connectTls({ ...to, ...tls, ca });
}

function written({ port }: Listener, request: RawRequest): string {
  const { method = 'GET', path, version = 'HTTP/1.1', headers = [], body } = request;
  const { host = `127.0.0.1:${port}` } = request;
  const has = (...names: string[]) => headers.some(([name]) => names.includes(name.toLowerCase()));
  const lines: Header[] = [
    ...(host === null ? [] : [['Host', host] as const]),
    ...headers,
    ...(has('connection') ? [] : [['Connection', 'close'] as const]),
    ...(body === undefined || has('content-length', 'transfer-encoding')
      ? []
      : [['Content-Length', String(body.length)] as const]),
  ];
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `${method} ${path} ${version}\r\n${head}\r\n${body ?? ''}`;
}

const INFORMATIONAL = /^HTTP\/1\.[01] 1\d\d.*?\r\n\r\n/s;

function parseAnswer(received: string): RawAnswer {
  const text = received.replace(INFORMATIONAL, '');
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, Math.max(0, end)).split('\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1];
  if (status === undefined) throw new Error(`no answer: ${JSON.stringify(text.slice(0, 80))}`);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value;
  }
  return { status: Number(status), headers, body: text.slice(end + 4) };
}

function isComplete(received: string): boolean {
  const text = received.replace(INFORMATIONAL, '');
  if (!text.includes('\r\n\r\n')) return false;
  const { headers, body } = parseAnswer(text);
  const length = headers['content-length'];
  if (length !== undefined) return body.length >= Number(length);
  return headers['transfer-encoding'] === 'chunked' && body.endsWith('0\r\n\r\n');
}
