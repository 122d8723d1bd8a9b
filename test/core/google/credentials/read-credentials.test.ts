import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../../src/core/config-error.ts';
import { readCredentials } from '../../../../src/core/google/credentials/read-credentials.ts';
import { rsaPrivateKey, thrownBy } from '../../../cloud-run/support.ts';

const folder = mkdtempSync(join(tmpdir(), 'credentials-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('reading credentials', () => {
  it('takes JSON text as it stands', () => {
    expect(readCredentials('\n {"type":"service_account"} ')).toEqual({
      text: '{"type":"service_account"}',
      where: 'config.credentials',
    });
  });

  it('reads the file a path names', () => {
    const path = join(folder, 'key.json');
    writeFileSync(path, '{"a":1}');
    expect(readCredentials(path)).toEqual({
      text: '{"a":1}',
      where: `config.credentials (file ${path})`,
    });
  });

  it('names a file that does not exist, and the reason', () => {
    const path = join(folder, 'missing.json');
    expect(() => readCredentials(path)).toThrow(
      new ConfigError([`config.credentials (file ${path}): cannot be read: ENOENT`]),
    );
  });

  it('refuses a folder', () => {
    expect(() => readCredentials(folder)).toThrow('is not a regular file');
  });

  it('refuses a file larger than any key', () => {
    const path = join(folder, 'large.json');
    writeFileSync(path, ' '.repeat(65537));
    expect(() => readCredentials(path)).toThrow('at most 65536 are read');
  });

  it('says so where Kong left a vault reference unresolved', () => {
    expect(() => readCredentials('{vault://env/gateway-key}')).toThrow('Kong did not resolve');
  });

  it.each([
    ['a bare private key', rsaPrivateKey()],
    ['a key in base64', Buffer.from(rsaPrivateKey()).toString('base64')],
    ['a JSON string', JSON.stringify('secret')],
  ])('refuses %s without repeating it', (_, text) => {
    const error = thrownBy(() => readCredentials(text));
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toContain('must be JSON text, or a path');
    expect(String(error)).not.toContain(text.slice(0, 20));
  });
});
