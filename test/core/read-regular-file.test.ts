import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ConfigError } from '../../src/core/config-error.ts';
import { readRegularFile } from '../../src/core/read-regular-file.ts';

let directory: string;
const file = (name: string) => path.join(directory, name);
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'regular-'));
  writeFileSync(file('policy.yaml'), 'version: 1');
  execFileSync('mkfifo', [file('fifo')]);
});
afterAll(() => rmSync(directory, { recursive: true }));

it('reads a file', () => {
  expect(readRegularFile('config.x', file('policy.yaml'), 10)).toBe('version: 1');
});

it.each([
  [
    'a file that is not there, with the path it looked at',
    'absent',
    10,
    /absent\): cannot be read: ENOENT/,
  ],
  ['a file that is too long', 'policy.yaml', 9, /has 10 bytes; at most 9 are read/],
  ['a FIFO, without waiting for a writer', 'fifo', 10, /is not a regular file/],
  ['a directory', '.', 10, /is not a regular file/],
])('refuses %s', (_, name, maxBytes, message) => {
  const read = () => readRegularFile('config.x', file(name), maxBytes);
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(message);
});

it('refuses an endless device', () => {
  expect(() => readRegularFile('config.x', '/dev/zero', 10)).toThrow(/is not a regular file/);
});
