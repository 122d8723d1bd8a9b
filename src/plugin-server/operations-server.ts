import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { AggregatorRegistry, type RegistryContentType } from 'prom-client';
import type { MetricObjects } from './metrics.ts';

export interface OperationsServer {
  port: number;
  stop(): Promise<void>;
}

export interface Operations {
  /** Each worker's metrics. */
  collect(): Promise<MetricObjects[]>;
  /** Whether there is a worker to serve Kong. */
  isReady(): boolean;
}

/** Scrapers and probes send little and send it at once. */
const LIMITS = {
  maxHeaderSize: 8_192,
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
};
const MOST_CONNECTIONS = 64;

/**
 * Serves `/metrics` for Prometheus, `/healthz` as long as this process answers, and `/readyz`.
 *
 * @param address port 0 is any that is free
 * @throws the system's error where it cannot listen
 */
export async function startOperationsServer(
  address: { host: string; port: number },
  operations: Operations,
): Promise<OperationsServer> {
  const server = createServer(LIMITS, createListener(operations));
  server.maxConnections = MOST_CONNECTIONS;
  server.listen(address);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function createListener(operations: Operations): RequestListener {
  const pages = new Map<string, (response: ServerResponse) => Promise<void>>([
    [
      '/metrics',
      async (response) => {
        const registry = AggregatorRegistry.aggregate(await operations.collect());
        answer(response, 200, await registry.metrics(), registry.contentType);
      },
    ],
    ['/healthz', async (response) => answer(response, 200, 'ok\n')],
    [
      '/readyz',
      async (response) =>
        operations.isReady()
          ? answer(response, 200, 'ready\n')
          : answer(response, 503, 'no worker is ready\n'),
    ],
  ]);

  return (request, response) => {
    const page = pages.get(pathOf(request));
    if (page === undefined) {
      answer(response, 404, 'not found\n');
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      answer(response, 405, 'method not allowed\n');
      return;
    }
    page(response).catch(() => answer(response, 500, 'the metrics could not be collected\n'));
  };
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '';
}

function answer(
  response: ServerResponse,
  status: number,
  body: string,
  contentType: RegistryContentType | 'text/plain; charset=utf-8' = 'text/plain; charset=utf-8',
): void {
  if (response.headersSent) return;
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(body);
}
