import { connect } from 'node:net';

export interface RawResponse {
  status: number;
  reason: string;
  headers: [string, string][];
  body: string;
  header(name: string): string | undefined;
  json(): unknown;
}

/** Sends bytes as they are and reads the answer until the other side closes. */
export function sendRaw(port: number, bytes: string): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1');
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(parse(Buffer.concat(chunks).toString('latin1'))));
    socket.write(Buffer.from(bytes, 'latin1'));
  });
}

/** A request written out, on a connection that is closed after it. */
export function request(
  line: string,
  headers: [string, string][] = [],
  body = '',
  host = 'localhost',
): string {
  const all: [string, string][] = [['Host', host], ...headers, ['Connection', 'close']];
  const lines = all.map(([name, value]) => `${name}: ${value}`);
  return `${line} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}

function parse(text: string): RawResponse {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const [, status = '0', reason = ''] = /^HTTP\/1\.\d (\d+) ?(.*)$/.exec(statusLine) ?? [];
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const body = text.slice(end + 4);
  return {
    status: Number(status),
    reason,
    headers,
    body,
    header: (name) => headers.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1],
    json: () => JSON.parse(body),
  };
}
