import { createServer, type RequestListener, type Server } from 'node:http';
import { close, listen } from '../../../../dev/google/listen.ts';

export interface Served {
  url: string;
  /** Paths in the order in which they were asked for. */
  asked: string[];
  stop(): Promise<void>;
}

/** An HTTP server on loopback that answers as one test needs it. */
export async function serve(answer: RequestListener): Promise<Served> {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(request.url ?? '');
    answer(request, response);
  });
  const port = await listen(server, '127.0.0.1', 0);
  return { url: `http://127.0.0.1:${port}`, asked, stop: () => close(server) };
}
