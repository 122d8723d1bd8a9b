import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PendingCall } from '../../../src/plugin-server/pdk/pending-call.ts';
import { pdkCall } from '../../../src/plugin-server/protocol/pdk-calls.ts';
import { readBodyFile } from '../../../src/plugin-server/protocol/read-body-file.ts';
import { messageCodec } from '../../../src/plugin-server/protocol/schema.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'body-'));
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

function file(name: string, content: string | Uint8Array): string {
  const full = path.join(directory, name);
  writeFileSync(full, content);
  return full;
}

/** What a plugin gets when Kong answers with this file. */
function bodyIn(body_filepath: string): Promise<unknown> {
  const call = new PendingCall(pdkCall('kong.request.get_raw_body'), () => {});
  call.settle(messageCodec('RawBodyResult').encode({ body_filepath }));
  return call.then((body) => body);
}

describe('a body that Kong holds in a file', () => {
  it('is read byte for byte', async () => {
    const bytes = Buffer.from([0, 0xff, 0x0a, 0x80]);
    expect(await readBodyFile(file('bytes', bytes))).toEqual(bytes);
    expect(await readBodyFile(file('empty', ''))).toEqual(Buffer.alloc(0));
  });

  it('is what get_raw_body yields', async () => {
    expect(await bodyIn(file('body', '{"a":1}'))).toEqual(Buffer.from('{"a":1}'));
    await expect(bodyIn('/not/there')).rejects.toThrow(
      "kong.request.get_raw_body: the body is in a file of Kong's that cannot be opened: ENOENT",
    );
  });

  it('has a bound', async () => {
    const most = file('most', Buffer.alloc(1024 * 1024));
    expect(await readBodyFile(most)).toHaveLength(1024 * 1024);
    await expect(readBodyFile(file('more', Buffer.alloc(1024 * 1024 + 1)))).rejects.toThrow(
      'the body has more than 1048576 bytes',
    );
  });

  it('is not read through a link, nor from anything but a regular file', async () => {
    const link = path.join(directory, 'link');
    symlinkSync(file('target', 'secret'), link);
    await expect(readBodyFile(link)).rejects.toThrow('cannot be opened: ELOOP');
    await expect(readBodyFile(directory)).rejects.toThrow('the body is not in a regular file');
    await expect(readBodyFile('/dev/zero')).rejects.toThrow('the body is not in a regular file');
    await expect(readBodyFile(path.join(directory, 'gone'))).rejects.toThrow('ENOENT');
  });
});
