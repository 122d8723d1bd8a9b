import { expect, it } from 'vitest';
import { isLoopback } from '../../src/cli/is-loopback.ts';

it.each(['127.0.0.1', '127.8.9.10', '::1', '0:0:0:0:0:0:0:1', 'localhost', 'LocalHost'])(
  'takes %s for this machine',
  (host) => {
    expect(isLoopback(host)).toBe(true);
  },
);

it.each(['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', 'localhost.example.com', 'kong'])(
  'takes %s for another, or for any',
  (host) => {
    expect(isLoopback(host)).toBe(false);
  },
);
