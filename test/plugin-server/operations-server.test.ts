import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { createMetrics } from '../../src/plugin-server/metrics.ts';
import {
  type Operations,
  startOperationsServer,
} from '../../src/plugin-server/operations-server.ts';

const HOST = '127.0.0.1';
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function start(operations: Partial<Operations> = {}) {
  const server = await startOperationsServer(
    { host: HOST, port: 0 },
    { collect: async () => [], isReady: () => true, ...operations },
  );
  stops.push(server.stop);
  return (path: string, method = 'GET') =>
    fetch(`http://${HOST}:${server.port}${path}`, { method });
}

describe('/metrics', () => {
  it('adds up the metrics of all workers, as Prometheus reads them', async () => {
    const workers = [createMetrics(), createMetrics()];
    for (const worker of workers) worker.connectionLost('protocol');
    const get = await start({
      collect: () => Promise.all(workers.map((worker) => worker.collect())),
    });
    const response = await get('/metrics?name=x');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await response.text()).toContain(
      'cloud_run_auth_connections_lost_total{reason="protocol"} 2\n',
    );
  });

  it('is empty without workers', async () => {
    const get = await start();
    const response = await get('/metrics');
    expect([response.status, (await response.text()).trim()]).toEqual([200, '']);
  });

  it('answers 500 where workers cannot be asked, and says no more', async () => {
    const get = await start({ collect: () => Promise.reject(new Error('inner matters')) });
    const response = await get('/metrics');
    expect(response.status).toBe(500);
    expect(await response.text()).toBe('the metrics could not be collected\n');
  });
});

it('is healthy as long as it answers, and ready as long as a worker is', async () => {
  let isReady = false;
  const get = await start({ isReady: () => isReady });
  expect((await get('/healthz')).status).toBe(200);
  expect((await get('/readyz')).status).toBe(503);
  isReady = true;
  expect((await get('/readyz')).status).toBe(200);
});

it('answers 404 for any other path, and 405 for any other method', async () => {
  const get = await start();
  for (const path of ['/', '/metrics/', '/healthz/x', '//healthz', '/debug']) {
    expect((await get(path)).status, path).toBe(404);
  }
  const refused = await get('/metrics', 'POST');
  expect(refused.status).toBe(405);
  expect(refused.headers.get('allow')).toBe('GET, HEAD');
  const head = await get('/healthz', 'HEAD');
  expect([head.status, await head.text()]).toEqual([200, '']);
});

it('takes no large headers', async () => {
  const server = await startOperationsServer(
    { host: HOST, port: 0 },
    { collect: async () => [], isReady: () => true },
  );
  stops.push(server.stop);
  const sent = request({
    host: HOST,
    port: server.port,
    headers: { 'x-large': 'a'.repeat(9_000) },
  });
  sent.end();
  const [response] = await once(sent, 'response');
  expect(response.statusCode).toBe(431);
  await text(response);
});

it('stops although somebody holds a connection', async () => {
  const server = await startOperationsServer(
    { host: HOST, port: 0 },
    { collect: async () => [], isReady: () => true },
  );
  const idle = connect(server.port, HOST);
  await once(idle, 'connect');
  // That the connection is reset is as good an end as any.
  idle.on('error', () => {});
  idle.write('GET /healthz HTTP/1.1\r\n');
  const closed = new Promise((resolve) => idle.once('close', resolve));
  await server.stop();
  await closed;
  await expect(fetch(`http://${HOST}:${server.port}/healthz`)).rejects.toThrow();
});

it('rejects where it cannot listen', async () => {
  const first = await startOperationsServer(
    { host: HOST, port: 0 },
    { collect: async () => [], isReady: () => true },
  );
  stops.push(first.stop);
  await expect(
    startOperationsServer(
      { host: HOST, port: first.port },
      { collect: async () => [], isReady: () => true },
    ),
  ).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
