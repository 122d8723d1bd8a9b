import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { messageCodec } from '../../../src/plugin-server/protocol/schema.ts';
import {
  endOfEvent,
  type FakeProtobufServer,
  message,
  started,
  startFakeProtobufServer,
} from './support/fake-protobuf-server.ts';
import { pluginEntry } from './support/plugin-info.ts';
import { request, sendRaw } from './support/raw-request.ts';
import { start, type TestGateway } from './support/start.ts';
import { startUpstream, type Upstream } from './support/upstream.ts';

interface Seen {
  result: Record<string, unknown>;
  /** What was in the file that the result names, while the event ran. */
  file: string | undefined;
}

let upstream: Upstream;
let server: FakeProtobufServer;
let gateway: TestGateway;
let seen: Seen[] = [];
let replacement: Buffer | undefined;

beforeAll(async () => {
  upstream = await startUpstream();
  server = await startFakeProtobufServer({
    onCall: async ({ command, sequence }, session) => {
      if (command === 'start_instance') {
        session.send(started(sequence, 7));
        return;
      }
      if (replacement !== undefined) {
        session.send(
          'kong.service.request.set_raw_body',
          message('ByteString', { v: replacement }),
        );
        await session.next();
      }
      session.send('kong.request.get_raw_body', '');
      // Without what only the prototype says: the default of a member that is not there.
      const result = { ...messageCodec('RawBodyResult').decode(await session.next()) };
      const path = result.body_filepath;
      const file = typeof path === 'string' ? readFileSync(path, 'latin1') : undefined;
      seen.push({ result, file });
      session.send(...endOfEvent(sequence));
    },
  });
  gateway = await start({
    config: `{
      _format_version: "3.0",
      services: [{name: up, url: "http://127.0.0.1:${upstream.port}", routes: [
        {name: r, paths: [/r], plugins: [{name: probe}]}]}]}`,
    pluginServers: [pluginEntry(server.socket, { protocol: 'ProtoBuf:1', phases: ['access'] })],
  });
});

afterAll(async () => {
  await gateway.stop();
  await server.stop();
  await upstream.stop();
});

beforeEach(() => {
  upstream.seen.length = 0;
  seen = [];
  replacement = undefined;
});

const post = (body: string) =>
  sendRaw(gateway.port, request('POST /r', [['Content-Length', String(body.length)]], body));

const postInChunks = (body: string) => {
  const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  return sendRaw(gateway.port, request('POST /r', [['Transfer-Encoding', 'chunked']], chunks));
};

const content = (bytes: string) => ({ content: Buffer.from(bytes, 'latin1') });

describe('kong.request.get_raw_body over ProtoBuf:1', () => {
  it.each([0, 1, 8192, 10_239])('gives %i bytes as they are', async (length) => {
    const body = '\xff'.repeat(length);
    expect((await post(body)).status).toBe(200);
    expect(seen).toEqual([{ result: content(body), file: undefined }]);
    expect(upstream.seen[0]?.body).toBe(body);
  });

  it('gives nothing of a request without a body', async () => {
    await sendRaw(gateway.port, request('GET /r'));
    expect(seen).toEqual([{ result: content(''), file: undefined }]);
  });

  it.each([
    [10_240, post],
    [1_000_000, post],
    [8193, postInChunks],
  ])('names the file in which nginx keeps %i bytes', async (length, send) => {
    const body = '\xfe'.repeat(length);
    expect((await send(body)).status).toBe(200);
    const [{ result, file } = { result: {}, file: undefined }] = seen;
    expect(Object.keys(result)).toEqual(['body_filepath']);
    expect(file).toBe(body);
    expect(upstream.seen[0]?.body).toBe(body);
    expect(existsSync(String(result.body_filepath))).toBe(false);
  });

  it('keeps 8 KB that come in chunks in memory', async () => {
    const body = 'a'.repeat(8192);
    await postInChunks(body);
    expect(seen).toEqual([{ result: content(body), file: undefined }]);
  });

  it('gives a body that a plugin has put in the place of one in a file', async () => {
    replacement = Buffer.from('short');
    await post('a'.repeat(20_000));
    expect(seen).toEqual([{ result: content('short'), file: undefined }]);
    expect(upstream.seen[0]?.body).toBe('short');
  });
});
