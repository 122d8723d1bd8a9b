import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
  /** The code of a refusal by the plugins; null for any other answer. */
  code: string | null;
}

export interface Sent {
  method?: string;
  /** Goes on the wire as it stands: `fetch` would tidy up exactly the paths that matter here. */
  path: string;
  /** A value that is an array is sent as that many headers. */
  headers?: Record<string, string | string[]>;
  body?: string;
}

/** Sends one request over a connection of its own. */
export function send(base: string, { method = 'GET', path, headers = {}, body = '' }: Sent) {
  const { hostname, port } = new URL(base);
  return new Promise<Answer>((resolve, reject) => {
    const outgoing = httpRequest({
      hostname,
      port,
      method,
      path,
      agent: false,
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const { statusCode: status = 0, headers } = response;
        const body = Buffer.concat(chunks).toString('utf8');
        const refused = headers['content-type'] === 'application/problem+json';
        resolve({ status, headers, body, code: refused ? String(JSON.parse(body).code) : null });
      });
    });
    outgoing.end(body);
  });
}
