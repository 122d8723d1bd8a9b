import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { request, sendRaw } from './support/raw-request.ts';
import { start, type TestGateway } from './support/start.ts';
import { startUpstream, type Upstream } from './support/upstream.ts';

let upstream: Upstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream((incoming, response) => {
    if (incoming.url?.includes('reset')) incoming.socket.destroy();
    else if (incoming.url?.includes('half')) {
      response.writeHead(200, { 'content-length': '100' });
      response.write('abc', () => incoming.socket.destroy());
    } else if (!incoming.url?.includes('slow')) response.end('fine');
  });
  // A label over 63 characters: no resolver is asked for it.
  const dead = await startUpstream();
  await dead.stop();
  gateway = await start({
    config: `
_format_version: "3.0"
services:
- {name: up, url: "http://127.0.0.1:${upstream.port}", read_timeout: 200, retries: 0, routes: [{paths: [/up]}]}
- {name: dead, url: "http://127.0.0.1:${dead.port}", retries: 2, routes: [{paths: [/dead]}]}
- {name: nowhere, host: ${'n'.repeat(70)}, routes: [{paths: [/nowhere]}]}
- {name: disabled, url: "http://127.0.0.1:${upstream.port}", enabled: false, routes: [{paths: [/disabled]}]}
- name: tls
  url: http://127.0.0.1:${upstream.port}
  routes:
  - {name: tls, paths: [/tls], protocols: [https]}
  - {name: redirect, paths: [/redirect], protocols: [https], https_redirect_status_code: 301}
routes:
- {name: orphan, paths: [/orphan]}
`,
    pluginServers: [],
  });
});

afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

const get = (path: string, headers: [string, string][] = []) =>
  sendRaw(gateway.port, request(`GET ${path}`, headers));

describe('errors in the words of Kong', () => {
  it.each([
    ['/none', 404, 'Not Found', 'no Route matched with those values'],
    ['/disabled', 404, 'Not Found', 'no Route matched with those values'],
    ['/orphan', 503, 'Service Temporarily Unavailable', 'no Service found with those values'],
    ['/nowhere', 503, 'Service Temporarily Unavailable', 'name resolution failed'],
    ['/dead', 502, 'Bad Gateway', 'An invalid response was received from the upstream server'],
    ['/up/reset', 502, 'Bad Gateway', 'An invalid response was received from the upstream server'],
    ['/up/slow', 504, 'Gateway Time-out', 'The upstream server is timing out'],
    ['/tls', 426, '', 'Please use HTTPS protocol'],
  ])('answers %s with %i %s', async (path, status, reason, message) => {
    const response = await get(path, [['Accept', '*/*']]);
    expect([response.status, response.reason]).toEqual([status, reason]);
    expect(response.header('content-type')).toBe('application/json; charset=utf-8');
    expect(response.json()).toEqual({
      message,
      request_id: response.header('X-Kong-Request-Id'),
    });
    expect(response.header('server')).toBe('kong/3.9.3');
  });

  it.each([
    ['text/html', 'text/html; charset=utf-8', '<p>no Route matched with those values.</p>'],
    ['text/plain', 'text/plain; charset=utf-8', 'no Route matched with those values\nrequest_id: '],
    ['application/xml', 'application/xml; charset=utf-8', '<message>no Route matched'],
    ['text/html;q=0.5, application/xml;q=0.9', 'application/xml; charset=utf-8', '<requestid>'],
    ['image/png', 'application/json; charset=utf-8', '"message":"no Route matched'],
  ])('writes an error for a client that accepts %s as %s', async (accept, type, part) => {
    const response = await get('/none', [['Accept', accept]]);
    expect(response.header('content-type')).toBe(type);
    expect(response.body).toContain(part);
  });

  it('writes errors of nginx as plain text for a client that accepts nothing in particular', async () => {
    const response = await get('/dead');
    expect(response.header('content-type')).toBe('text/plain; charset=utf-8');
    expect(response.body).toMatch(/^An invalid response .*\nrequest_id: [0-9a-f]{32}\n$/);
  });

  it('tells latencies of the upstream only where one was asked', async () => {
    const names = (response: { headers: [string, string][] }) =>
      response.headers
        .map(([name]) => name.toLowerCase())
        .filter((name) => /latency|via/.test(name));
    expect(names(await get('/none'))).toEqual(['x-kong-response-latency']);
    expect(names(await get('/dead')).sort()).toEqual([
      'via',
      'x-kong-proxy-latency',
      'x-kong-upstream-latency',
    ]);
  });

  it('redirects to https where the route says so', async () => {
    const response = await get('/redirect/x?y=1');
    expect(response.status).toBe(301);
    expect(response.header('location')).toBe('https://localhost/redirect/x?y=1');
  });

  it('cuts an answer short that the upstream cut short', async () => {
    const response = await get('/up/half');
    expect(response.header('content-length')).toBe('100');
    expect(response.body).toBe('abc');
  });
});

describe('requests that nginx refuses before Kong sees them', () => {
  const line = (length: number): [string, string] => ['X-Long', 'a'.repeat(length)];

  it.each<[string, string, number]>([
    [
      'two Authorization headers',
      request('GET /up', [
        ['Authorization', 'a'],
        ['Authorization', 'b'],
      ]),
      400,
    ],
    ['two Host headers', request('GET /up', [['Host', 'other']]), 400],
    [
      'two Content-Length headers',
      request(
        'POST /up',
        [
          ['Content-Length', '1'],
          ['Content-Length', '1'],
        ],
        'x',
      ),
      400,
    ],
    ['no Host header', 'GET /up HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['an invalid Host header', request('GET /up', [], '', 'a/b'), 400],
    ['a path above the root', request('GET /../etc'), 400],
    ['an encoded path above the root', request('GET /up/%2e%2e%2f..%2fetc'), 400],
    ['a zero byte', request('GET /up/%00'), 400],
    ['a broken escape', request('GET /up/%zz'), 400],
    ['a target that is no path', request('OPTIONS *'), 400],
    ['a bad header line', request('GET /up', [['bad header', 'x']]), 400],
    ['no HTTP at all', 'hello world\r\n\r\n', 400],
    ['a request line over 8 KB', request(`GET /${'a'.repeat(8200)}`), 414],
    ['a header over 8 KB', request('GET /up', [line(8200)]), 400],
    [
      'more headers than four buffers hold',
      request(
        'GET /up',
        Array.from({ length: 5 }, () => line(8000)),
      ),
      400,
    ],
    ['TRACE', request('TRACE /up'), 405],
    ['HTTP/3 by name', 'GET /up HTTP/3.0\r\nHost: a\r\n\r\n', 505],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', 400],
  ])('refuses %s', async (_, bytes, status) => {
    const before = upstream.seen.length;
    const response = await sendRaw(gateway.port, bytes);
    expect(response.status).toBe(status);
    expect(upstream.seen).toHaveLength(before);
  });

  it('says of headers that are too large that they are', async () => {
    const response = await get('/up', [['Accept', 'application/json'], line(9000)]);
    expect(response.json()).toMatchObject({ message: 'Request header or cookie too large' });
  });

  it('takes a line and headers that just fit', async () => {
    expect((await get(`/none/${'a'.repeat(8100)}`)).status).toBe(404);
    const three = Array.from({ length: 3 }, () => line(8000));
    expect((await get('/none', three)).status).toBe(404);
  });

  it('knows what the client accepts only from headers before the fault', async () => {
    const twice: [string, string][] = [
      ['Authorization', 'a'],
      ['Authorization', 'b'],
    ];
    const before = await get('/up', [['Accept', 'text/html'], ...twice]);
    const after = await get('/up', [...twice, ['Accept', 'text/html']]);
    expect(before.header('content-type')).toBe('text/html; charset=utf-8');
    expect(after.header('content-type')).toBe('text/plain; charset=utf-8');
  });
});
