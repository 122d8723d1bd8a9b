import { expect, it } from 'vitest';
import { dropsHeaders } from '../../../src/authorizer/headers/connection-options.ts';

it.each([undefined, '', 'close', 'Keep-Alive', 'Upgrade, HTTP2-Settings', 'TE , close,'])(
  'finds nothing wrong with %j',
  (connection) => expect(dropsHeaders(connection)).toBe(false),
);

it.each(['X-Authenticated-Subject', 'close, x-authenticated-subject', 'close x', 'keep-alive;x'])(
  'finds that %j would drop a header',
  (connection) => expect(dropsHeaders(connection)).toBe(true),
);
