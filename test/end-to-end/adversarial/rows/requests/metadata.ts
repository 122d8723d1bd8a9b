import { expect } from 'vitest';
import { METADATA_PATH, METADATA_URL } from '../../routes.ts';
import { authorization, type Expected, type Row, refused } from '../../row.ts';
import { MALFORMED_REQUEST, type Sent, unauthorized } from './request-row.ts';

const SERVED: Expected = { status: 200, code: null, challenge: null, reaches: false };
const ASKS = refused('missing_token', 'scope="tasks:read"', `resource_metadata="${METADATA_URL}"`);

function metadata(name: string, sent: Sent, expected: Expected): Row {
  return unauthorized(name, { route: 'metadata', path: METADATA_PATH, ...sent }, expected);
}

/** What is served without a token must be nothing but the metadata (RFC 9728). */
export const metadataRows: Row[] = [
  {
    ...metadata('metadata', {}, SERVED),
    also: ({ body }) => expect(body).toContain('"resource":"https://api.example.com/metadata"'),
  },
  metadata('metadata and a query', { path: `${METADATA_PATH}?x=1` }, SERVED),
  {
    ...metadata('the head of metadata', { method: 'HEAD' }, SERVED),
    also: ({ body }) => expect(body).toBe(''),
  },
  metadata('metadata with a bad token', authorization('Bearer x.y.z'), SERVED),
  ...['POST', 'PUT', 'OPTIONS', 'PURGE'].map((method) =>
    metadata(`${method} of metadata`, { method }, ASKS),
  ),
  metadata(
    'POST of metadata that is said to be GET',
    { method: 'POST', headers: [['X-HTTP-Method-Override', 'GET']] },
    ASKS,
  ),
  ...[
    `${METADATA_PATH}/`,
    `${METADATA_PATH}/7`,
    `${METADATA_PATH}2`,
    `${METADATA_PATH};x`,
    METADATA_PATH.replace('metadata', '%6detadata'),
    `/.${METADATA_PATH}`,
    `/${METADATA_PATH}`,
    `/metadata/..${METADATA_PATH}`,
    `/metadata?${METADATA_PATH}`,
    `/metadata${METADATA_PATH}`,
    '/metadata',
  ].map((path) => metadata(`the path ${path}`, { path }, ASKS)),
  metadata(
    'no token and a Host of its own, which no challenge repeats',
    { path: '/metadata', host: 'evil.example' },
    ASKS,
  ),
  metadata(
    'metadata while Connection names other headers',
    { headers: [['Connection', 'close, X-Anything']] },
    MALFORMED_REQUEST,
  ),
  {
    name: 'a bad token where there are metadata',
    route: 'metadata',
    request: () => authorization('Bearer x.y.z'),
    expected: refused('invalid_token', `resource_metadata="${METADATA_URL}"`),
  },
];
