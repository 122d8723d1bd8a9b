import { expect } from 'vitest';
import { authorization, MISSING_TOKEN, PASSES, type Row, refusedByGateway } from '../../row.ts';
import type { Header } from '../../send-raw.ts';
import {
  authorized,
  MALFORMED_REQUEST,
  reaching,
  SUBJECT,
  seen,
  unauthorized,
} from './request-row.ts';

/** Host and Connection come besides. */
function many(count: number): Header[] {
  return Array.from({ length: count }, (_, index): Header => [`h${index}`, '1']);
}

const NAMED_ALONE: NonNullable<Row['onStock']> = {
  expected: PASSES,
  because: 'it asks for each header by its name, so that it misses none and cannot count them',
};

/** Requests that a parser may stumble over. */
export const oddRequests: Row[] = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'length'].map((name) =>
    reaching(
      authorized(
        `a header called ${name}`,
        {
          headers: [
            [name, 'x'],
            [name, 'y'],
          ],
        },
        PASSES,
      ),
      [SUBJECT, 'alice'],
    ),
  ),
  ...['__proto__', 'constructor'].map((name) =>
    unauthorized(`a header called ${name} and no token`, { headers: [[name, 'x']] }, MISSING_TOKEN),
  ),
  authorized(
    'parameters called __proto__',
    { path: '/plain?__proto__=1&__proto__[x]=2&constructor.prototype=3' },
    PASSES,
  ),
  reaching(
    authorized(
      '900 headers, and a subject of its own behind them',
      { headers: [...many(900), ['X-Authenticated-Subject', 'root']] },
      PASSES,
    ),
    [SUBJECT, 'alice'],
  ),
  {
    ...authorized(
      '1,000 headers, the last a subject of its own',
      { headers: [...many(996), ['X-Authenticated-Subject', 'root']] },
      MALFORMED_REQUEST,
    ),
    onStock: NAMED_ALONE,
    upstream: (arrival) => expect(seen(arrival, SUBJECT)).not.toContain('root'),
  },
  {
    name: '1,000 headers, the last its token',
    request: (scene) => ({
      headers: [...many(997), ...authorization(`Bearer ${scene.token()}`).headers],
    }),
    expected: MALFORMED_REQUEST,
    onStock: NAMED_ALONE,
  },
  {
    ...unauthorized('1,000 headers and no token', { headers: many(998) }, MALFORMED_REQUEST),
    onStock: { ...NAMED_ALONE, expected: MISSING_TOKEN },
  },
  authorized('1,001 headers', { headers: many(998) }, refusedByGateway()),
  {
    ...authorized(
      'so many headers that a server of Node.js, which reads 1,000, would miss the verified ones',
      { headers: many(980) },
      MALFORMED_REQUEST,
    ),
    onStock: NAMED_ALONE,
  },
  authorized(
    'more headers than nginx has room for',
    { headers: [['X', 'x'.repeat(9_000)]] },
    refusedByGateway(),
  ),
  reaching(
    authorized(
      'a line break in a header',
      { headers: [['X-A', 'b\r\nX-Authenticated-Subject: root']] },
      PASSES,
    ),
    [SUBJECT, 'alice'],
  ),
  authorized(
    'a carriage return in a header',
    { headers: [['X-A', 'b\rX-Authenticated-Subject: root']] },
    refusedByGateway(),
  ),
  authorized('NUL in a header', { headers: [['X-A', 'b\0c']] }, refusedByGateway()),
  reaching(
    authorized(
      'line breaks in the path',
      { path: '/plain/%0d%0aX-Authenticated-Subject:%20root' },
      PASSES,
    ),
    [SUBJECT, 'alice'],
  ),
  authorized('NUL in the path', { path: '/plain/%00' }, refusedByGateway()),
  authorized('no Host', { host: null }, refusedByGateway()),
  authorized('two Hosts', { headers: [['Host', 'evil.example']] }, refusedByGateway()),
  authorized('a method of its own', { method: 'PURGE' }, PASSES),
  authorized('TRACE, which would show the headers', { method: 'TRACE' }, refusedByGateway(405)),
  unauthorized('a method of its own and no token', { method: 'PURGE' }, MISSING_TOKEN),
  unauthorized('HEAD and no token', { method: 'HEAD' }, { ...MISSING_TOKEN, code: null }),
  unauthorized('HTTP/1.0 and no token', { version: 'HTTP/1.0' }, MISSING_TOKEN),
  unauthorized(
    '100-continue and no token',
    { method: 'POST', headers: [['Expect', '100-continue']], body: 'x' },
    MISSING_TOKEN,
  ),
  unauthorized(
    'an upgrade to WebSocket and no token',
    {
      headers: [
        ['Connection', 'Upgrade'],
        ['Upgrade', 'websocket'],
        ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
        ['Sec-WebSocket-Version', '13'],
      ],
    },
    MISSING_TOKEN,
  ),
  unauthorized(
    'an absolute target and no token',
    { path: 'http://127.0.0.1/plain' },
    MISSING_TOKEN,
  ),
  unauthorized('a path that leads there', { path: '/anonymous/../plain' }, MISSING_TOKEN),
  unauthorized(
    'a path that leads there in escapes',
    { path: '/anonymous/%2e%2e/%70lain' },
    MISSING_TOKEN,
  ),
  unauthorized('an empty segment before the path', { path: '//plain' }, MISSING_TOKEN),
  authorized(
    'both a length and chunks',
    {
      method: 'POST',
      headers: [
        ['Content-Length', '5'],
        ['Transfer-Encoding', 'chunked'],
      ],
      body: '0\r\n\r\n',
    },
    refusedByGateway(),
  ),
  ...['xchunked', 'chunked, identity', 'identity'].map((coding) =>
    authorized(
      `Transfer-Encoding: ${coding}`,
      { method: 'POST', headers: [['Transfer-Encoding', coding]], body: '0\r\n\r\n' },
      refusedByGateway(501),
    ),
  ),
  authorized(
    'two lengths',
    {
      method: 'POST',
      headers: [
        ['Content-Length', '1'],
        ['Content-Length', '2'],
      ],
      body: 'xx',
    },
    refusedByGateway(),
  ),
  {
    ...authorized(
      'another request behind it, without a token',
      {
        headers: [
          ['Connection', 'keep-alive'],
          ['Content-Length', '0'],
        ],
        body: 'GET /plain HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
        readsOn: true,
      },
      PASSES,
    ),
    also: ({ body }) => expect(body).toMatch(/HTTP\/1\.1 401 .*"code":"missing_token"/s),
  },
];
