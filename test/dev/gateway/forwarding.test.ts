import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { request, sendRaw } from './support/raw-request.ts';
import { start, type TestGateway } from './support/start.ts';
import { startUpstream, type Upstream, valuesOf } from './support/upstream.ts';

let upstream: Upstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream((incoming, response) => {
    if (!incoming.url?.includes('headers')) {
      response.end('ok');
      return;
    }
    response.writeHead(
      201,
      [
        ['Server', 'up/1'],
        ['Via', '1.0 x'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
        ['Connection', 'x-hop'],
        ['X-Hop', '1'],
        ['X-Accel-Expires', '5'],
        ['Content-Type', 'text/plain'],
      ].flat(),
    );
    response.end('ok');
  });
  gateway = await start({
    config: `
_format_version: "3.0"
services:
- name: up
  url: http://127.0.0.1:${upstream.port}
  routes:
  - {name: plain, paths: [/plain]}
  - {name: keep, paths: [/keep], strip_path: false, preserve_host: true}
  - {name: streamed, paths: [/streamed], request_buffering: false}
`,
    pluginServers: [],
  });
});

afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

beforeEach(() => {
  upstream.seen.length = 0;
});

async function seenFor(bytes: string) {
  await sendRaw(gateway.port, bytes);
  return upstream.seen[0];
}

describe('the request to the upstream', () => {
  it('says where it came from', async () => {
    const seen = await seenFor(request('GET /plain/x?y', [], '', 'Example.com:99'));
    expect(seen?.url).toBe('/x?y');
    expect(seen?.headers).toEqual([
      ['Via', '1.1 kong/3.9.3'],
      ['Host', `127.0.0.1:${upstream.port}`],
      ['Connection', 'keep-alive'],
      ['X-Forwarded-For', '127.0.0.1'],
      ['X-Forwarded-Proto', 'http'],
      ['X-Forwarded-Host', 'example.com'],
      ['X-Forwarded-Port', String(gateway.port)],
      ['X-Forwarded-Path', '/plain/x'],
      ['X-Forwarded-Prefix', '/plain'],
      ['X-Real-IP', '127.0.0.1'],
      ['X-Kong-Request-Id', expect.stringMatching(/^[0-9a-f]{32}$/)],
    ]);
  });

  it('does not believe what the client says of the way', async () => {
    const seen = await seenFor(
      request('GET /plain', [
        ['X-Forwarded-For', '1.2.3.4'],
        ['X-Forwarded-Proto', 'https'],
        ['X-Forwarded-Host', 'evil'],
        ['X-Real-IP', '9.9.9.9'],
        ['X-Kong-Request-Id', 'mine'],
      ]),
    );
    expect(valuesOf(seen, 'x-forwarded-for')).toEqual(['1.2.3.4, 127.0.0.1']);
    expect(valuesOf(seen, 'x-forwarded-proto')).toEqual(['http']);
    expect(valuesOf(seen, 'x-forwarded-host')).toEqual(['localhost']);
    expect(valuesOf(seen, 'x-real-ip')).toEqual(['127.0.0.1']);
    expect(valuesOf(seen, 'x-kong-request-id')).not.toContain('mine');
  });

  it('keeps the Host header as written where the route preserves it', async () => {
    const seen = await seenFor(request('GET /keep/x', [], '', 'Example.com:99'));
    expect(valuesOf(seen, 'host')).toEqual(['Example.com:99']);
    expect(seen?.url).toBe('/keep/x');
  });

  it('leaves out headers for one hop and those that a Connection header names', async () => {
    const seen = await seenFor(
      'GET /plain HTTP/1.1\r\nHost: a\r\nConnection: close, x-hop\r\nX-Hop: 1\r\nX-Stay: 2\r\nKeep-Alive: 5\r\n' +
        'TE: trailers, gzip\r\nProxy-Connection: x\r\nProxy: y\r\nUpgrade: h2c\r\n\r\n',
    );
    const names = seen?.headers.map(([name]) => name.toLowerCase());
    expect(names).toContain('x-stay');
    for (const name of ['x-hop', 'keep-alive', 'proxy-connection', 'proxy', 'upgrade']) {
      expect(names).not.toContain(name);
    }
    expect(valuesOf(seen, 'te')).toEqual(['trailers']);
  });

  it('keeps names with underscores, drops names that nginx finds invalid, and keeps repetitions', async () => {
    const seen = await seenFor(
      request('GET /plain', [
        ['x_under', '1'],
        ['x.dot', '2'],
        ['X-A', '3'],
        ['x-a', '4'],
      ]),
    );
    expect(valuesOf(seen, 'x_under')).toEqual(['1']);
    expect(valuesOf(seen, 'x.dot')).toEqual([]);
    expect(seen?.headers.slice(-2)).toEqual([
      ['X-A', '3'],
      ['x-a', '4'],
    ]);
  });

  it('passes bytes that are not UTF-8 on as they are', async () => {
    const seen = await seenFor(request('GET /plain', [['X-Bytes', 'caf\xe9']]));
    expect(valuesOf(seen, 'x-bytes')).toEqual(['caf\xe9']);
  });

  it('gives a chunked body its length unless the route streams', async () => {
    const chunked: [string, string][] = [['Transfer-Encoding', 'chunked']];
    const body = '5\r\nhello\r\n0\r\n\r\n';
    const buffered = await seenFor(request('POST /plain', chunked, body));
    expect(buffered?.body).toBe('hello');
    expect(valuesOf(buffered, 'content-length')).toEqual(['5']);
    upstream.seen.length = 0;
    const streamed = await seenFor(request('POST /streamed', chunked, body));
    expect(streamed?.body).toBe('hello');
    expect(valuesOf(streamed, 'transfer-encoding')).toEqual(['chunked']);
  });

  it('sends no body headers for a POST without a body', async () => {
    const seen = await seenFor(request('POST /plain', [['X-A', '1']]));
    expect(valuesOf(seen, 'content-length')).toEqual([]);
    expect(valuesOf(seen, 'transfer-encoding')).toEqual([]);
    expect(valuesOf(seen, 'x-a')).toEqual(['1']);
  });

  it('keeps an empty query', async () => {
    expect((await seenFor(request('GET /plain/x?')))?.url).toBe('/x?');
  });

  it('takes host and path from a target in absolute form', async () => {
    const seen = await seenFor(
      'GET http://abs.example/plain/x HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n',
    );
    expect(seen?.url).toBe('/x');
    expect(valuesOf(seen, 'x-forwarded-host')).toEqual(['abs.example']);
  });
});

describe('the answer of the upstream', () => {
  it('passes with the headers that Kong adds and without those for one hop', async () => {
    const response = await sendRaw(gateway.port, request('GET /plain/headers'));
    const names = response.headers.map(([name]) => name.toLowerCase());
    expect(response.status).toBe(201);
    expect(response.header('server')).toBe('up/1');
    expect(response.header('via')).toBe('1.0 x, 1.1 kong/3.9.3');
    expect(response.header('content-type')).toBe('text/plain; charset=UTF-8');
    expect(response.headers.filter(([name]) => name.toLowerCase() === 'set-cookie')).toEqual([
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
    ]);
    expect(names).toEqual(
      expect.arrayContaining(['x-kong-upstream-latency', 'x-kong-proxy-latency']),
    );
    expect(names).not.toContain('x-hop');
    expect(names).not.toContain('x-accel-expires');
  });

  it('carries the id that the upstream got', async () => {
    const response = await sendRaw(gateway.port, request('GET /plain'));
    expect(valuesOf(upstream.seen[0], 'x-kong-request-id')).toEqual([
      response.header('x-kong-request-id'),
    ]);
  });
});
