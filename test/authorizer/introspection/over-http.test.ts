import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { createIntrospector } from '../../../src/authorizer/introspection/create-introspector.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { settingsOf, unavailable } from './support.ts';

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(listener: RequestListener) {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const reasons: unknown[] = [];
  const log = (fields: Record<string, unknown>) => reasons.push(fields.reason);
  const introspector = createIntrospector({
    clock: systemClock,
    fetch: globalThis.fetch,
    logger: { info: log, warn: log, error: log },
  });
  const settings = settingsOf({
    endpoint: `http://127.0.0.1:${port}/introspect`,
    cache_seconds: 0,
  });
  return {
    server,
    reasons,
    introspect: (timeout_ms = 5000) => introspector.introspect('token', settings, timeout_ms),
  };
}

it('does not follow a redirect, which would carry token and credentials away', async () => {
  const paths: (string | undefined)[] = [];
  const { introspect, reasons } = await serve((request, response) => {
    paths.push(request.url);
    response.writeHead(307, { location: '/elsewhere' }).end('{"active":true}');
  });
  expect(await introspect()).toEqual(unavailable());
  expect(paths).toEqual(['/introspect']);
  expect(reasons).toEqual(['the endpoint answered with status 307']);
});

it('survives a kept-alive connection that the server closes', async () => {
  let requests = 0;
  const { introspect, reasons } = await serve((request, response) => {
    requests += 1;
    if (requests === 2) request.socket.destroy();
    else response.end('{"active":true}');
  });
  expect(await introspect()).toMatchObject({ outcome: 'active' });
  expect(await introspect()).toMatchObject({ outcome: 'active' });
  expect(requests).toBe(3);
  expect(reasons).toEqual([]);
});

it('leaves no connection behind where the answer does not come in time', async () => {
  let closed: Promise<unknown> = Promise.resolve();
  const { introspect, reasons } = await serve((request, response) => {
    closed = new Promise((resolve) => request.socket.once('close', resolve));
    response.writeHead(200).write('{"active":');
  });
  expect(await introspect(200)).toEqual(unavailable());
  await closed;
  expect(reasons).toEqual(['no answer within 200 ms']);
});

it('stops reading an answer that has no end', async () => {
  let closed: Promise<unknown> = Promise.resolve();
  const { introspect, reasons } = await serve((request, response) => {
    closed = new Promise((resolve) => request.socket.once('close', resolve));
    const send = () => {
      while (!response.destroyed && response.write(' '.repeat(65_536)));
    };
    response.on('drain', send);
    send();
  });
  expect(await introspect()).toEqual(unavailable());
  await closed;
  expect(reasons).toEqual(['the answer is larger than 32768 bytes']);
});

it('says that nobody listens', async () => {
  const { introspect, reasons, server } = await serve(() => {});
  await new Promise((resolve) => server.close(resolve));
  expect(await introspect()).toEqual(unavailable());
  expect(reasons).toEqual(['the request failed: ECONNREFUSED']);
});
