import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Seen {
  method: string;
  url: string;
  headers: [string, string][];
  body: string;
}

export interface Upstream {
  port: number;
  seen: Seen[];
  stop(): Promise<void>;
}

/** An upstream on loopback that remembers what it saw, and answers as told or with `{"ok":true}`. */
export async function startUpstream(answer?: RequestListener): Promise<Upstream> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = request.rawHeaders;
      seen.push({
        method: request.method ?? '',
        url: request.url ?? '',
        headers: raw.flatMap((name, index): [string, string][] =>
          index % 2 === 0 ? [[name, raw[index + 1] ?? '']] : [],
        ),
        body: Buffer.concat(chunks).toString('latin1'),
      });
      if (answer !== undefined) {
        answer(request, response);
        return;
      }
      response.setHeader('Content-Type', 'application/json');
      response.end('{"ok":true}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    seen,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The values of a header that an upstream saw. */
export function valuesOf(seen: Seen | undefined, name: string): string[] {
  return (seen?.headers ?? [])
    .filter(([key]) => key.toLowerCase() === name.toLowerCase())
    .map(([, value]) => value);
}
