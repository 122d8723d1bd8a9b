import { type Expected, PASSES, type Row } from '../../row.ts';
import { authorized, MALFORMED_REQUEST, reaching, SUBJECT, unauthorized } from './request-row.ts';

function connection(value: string, expected: Expected): Row {
  return authorized(`Connection: ${value}`, { headers: [['Connection', value]] }, expected);
}

/** Kong drops the headers that `Connection` names after all plugins have run (RFC 9110 §7.6.1). */
export const connectionOptions: Row[] = [
  ...[
    'close, X-Authenticated-Subject',
    'X-Authenticated-Subject, close',
    'close,x-authenticated-email',
    'close, \tX-Consumer-ID',
    'close, Authorization',
    'close, X-Anything',
    'close;, X-Authenticated-Subject',
    'close, proxy-connection',
    'close, transfer-encoding',
  ].map((value) => connection(value, MALFORMED_REQUEST)),
  authorized(
    'a second Connection header that names others',
    {
      headers: [
        ['Connection', 'close'],
        ['Connection', 'X-Authenticated-Subject'],
      ],
    },
    MALFORMED_REQUEST,
  ),
  authorized(
    'an upgrade that names other headers',
    {
      headers: [
        ['Connection', 'Upgrade, X-Authenticated-Subject'],
        ['Upgrade', 'websocket'],
      ],
    },
    MALFORMED_REQUEST,
  ),
  unauthorized(
    'Connection that names others where anyone may come',
    { route: 'anonymous', headers: [['Connection', 'close, X-Anything']] },
    MALFORMED_REQUEST,
  ),
  ...['close', 'Close', 'close,,', 'TE, close', 'HTTP2-Settings, close'].map((value) =>
    reaching(connection(value, PASSES), [SUBJECT, 'alice']),
  ),
  reaching(
    authorized(
      'other headers that might name some',
      {
        headers: [
          ['Proxy-Connection', 'X-Authenticated-Subject'],
          ['Keep-Alive', 'X-Authenticated-Subject'],
          ['Trailer', 'X-Authenticated-Subject'],
          ['TE', 'X-Authenticated-Subject'],
        ],
      },
      PASSES,
    ),
    [SUBJECT, 'alice'],
  ),
];
