import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { messageCodec } from '../../../src/plugin-server/protocol/schema.ts';
import { fromValue, toStruct, toValue } from '../../../src/plugin-server/protocol/value.ts';
import {
  endOfEvent,
  type FakeProtobufServer,
  message,
  type ReceivedCall,
  type Session,
  started,
  startFakeProtobufServer,
} from './support/fake-protobuf-server.ts';
import { toFrames } from './support/frames.ts';
import { pluginEntry } from './support/plugin-info.ts';
import { request, sendRaw } from './support/raw-request.ts';
import { start, type TestGateway } from './support/start.ts';
import { startUpstream, type Upstream, valuesOf } from './support/upstream.ts';
import { waitFor } from './support/wait-for.ts';

type Behaviour = (call: ReceivedCall, session: Session) => unknown;

let upstream: Upstream;
let server: FakeProtobufServer;
let gateway: TestGateway;
let onAccess: Behaviour | undefined;
let onLog: Behaviour | undefined;

beforeEach(async () => {
  onAccess = undefined;
  onLog = undefined;
  upstream = await startUpstream();
  server = await startFakeProtobufServer({
    onCall: (call, session) => {
      if (call.command === 'start_instance') return session.send(started(call.sequence, 7));
      const isAccess = call.command === 'handle_event' && call.eventName === 'access';
      const behaviour = isAccess ? onAccess : onLog;
      return behaviour?.(call, session) ?? session.send(...endOfEvent(call.sequence));
    },
  });
  gateway = await start({
    config: `{
      _format_version: "3.0",
      services: [{name: up, url: "http://127.0.0.1:${upstream.port}", routes: [
        {name: r, paths: [/r], plugins: [{name: probe}]}]}]}`,
    pluginServers: [pluginEntry(server.socket, { protocol: 'ProtoBuf:1' })],
    pluginServerTimeoutMs: 2000,
  });
});

afterEach(async () => {
  await gateway.stop();
  await server.stop();
  await upstream.stop();
});

const get = (headers: [string, string][] = [], line = 'GET /r', body = '') =>
  sendRaw(gateway.port, request(line, headers, body));

/** Runs an access event that makes calls one after the other and keeps the replies. */
function calling(...calls: [method: string, args: Uint8Array | string][]) {
  const replies: Buffer[] = [];
  onAccess = async ({ sequence }, session) => {
    for (const [method, args] of calls) {
      session.send(method, args);
      replies.push(await session.next());
    }
    session.send(...endOfEvent(sequence));
  };
  return replies;
}

const text = (v: string) => message('String', { v });
/** A message with one string or bytes in field 1, whatever the bytes. */
const bytes = (raw: Buffer) => Buffer.concat([Buffer.of(0x0a, raw.length), raw]);

describe('the connections of events', () => {
  it('are reused one after the other, with sequences that go up', async () => {
    for (let count = 0; count < 3; count += 1) await get();
    await waitFor(() => server.calls.length === 7, 'the last log event');
    expect(server.calls.map(({ connection }) => connection)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(server.calls.map(({ sequence }) => sequence)).toEqual([2, 3, 4, 5, 6, 7, 8]);
  });

  it('carry one event at a time, however many requests there are', async () => {
    await get();
    const open = new Set<number>();
    onAccess = async ({ sequence, connection }, session) => {
      expect(open.has(connection)).toBe(false);
      open.add(connection);
      session.send('kong.request.get_method', '');
      await session.next();
      open.delete(connection);
      session.send(...endOfEvent(sequence));
    };
    const responses = await Promise.all(Array.from({ length: 40 }, () => get()));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    expect(server.sessions.length).toBeGreaterThan(1);
  });

  it('may deliver frames in pieces', async () => {
    onAccess = inPieces;
    expect((await get()).status).toBe(200);
    expect(valuesOf(upstream.seen[0], 'x-a')).toEqual(['b']);
  });

  it('are not reused when more than the return came', async () => {
    onAccess = ({ sequence }, session) => session.send(...endOfEvent(sequence), 'more');
    await get();
    await server.sessions[0]?.closed;
    await waitFor(() => server.calls.length === 3, 'the log event');
    expect(server.calls[2]?.connection).toBe(2);
  });
});

const header = (k: string, v: string) => message('KV', { k, v: toValue(v) });

async function inPieces({ sequence }: ReceivedCall, session: Session): Promise<true> {
  const write = async (all: Buffer) => {
    for (const byte of all) {
      session.socket.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const reply = session.next();
  await write(toFrames('kong.service.request.set_header', header('x-a', 'b')));
  await reply;
  await write(toFrames(...endOfEvent(sequence)));
  return true;
}

describe('calls that are written at once', () => {
  it('are answered in order', async () => {
    let replies: Buffer[] = [];
    onAccess = async ({ sequence }, session) => {
      const awaited = [session.next(), session.next(), session.next()];
      session.send(
        ...['kong.request.get_method', ''],
        ...['kong.request.get_header', text('x-missing')],
        ...['kong.request.get_path', ''],
      );
      replies = await Promise.all(awaited);
      session.send(...endOfEvent(sequence));
    };
    await get();
    expect(replies.map((reply) => messageCodec('String').decode(reply).v)).toEqual([
      'GET',
      '',
      '/r',
    ]);
    // Neither a value nor a message around nothing: an empty frame.
    expect(replies[1]).toHaveLength(0);
  });

  it('may travel with the end of the event, their replies to be drained from the connection', async () => {
    const drained: Promise<Buffer>[] = [];
    onAccess = ({ sequence }, session) => {
      drained.push(session.next(), session.next());
      session.send(
        ...['kong.service.request.set_header', header('x-a', '1')],
        ...['kong.ctx.shared.set', header('k', 'v')],
        ...endOfEvent(sequence),
      );
      return true;
    };
    let shared: unknown;
    onLog = async ({ sequence }, session) => {
      session.send('kong.ctx.shared.get', text('k'));
      shared = fromValue(messageCodec('Value').decode(await session.next()));
      session.send(...endOfEvent(sequence));
    };
    expect((await get()).status).toBe(200);
    expect(await Promise.all(drained)).toEqual([Buffer.alloc(0), Buffer.alloc(0)]);
    await waitFor(() => shared !== undefined, 'the log event');
    expect(valuesOf(upstream.seen[0], 'x-a')).toEqual(['1']);
    expect(shared).toBe('v');
    expect(server.sessions).toHaveLength(1);
  });
});

describe('kong.response.exit', () => {
  const exit = (fields: Record<string, unknown>) => message('ExitArgs', fields);

  it('answers, has no reply, and ends the event whatever else was written', async () => {
    onAccess = (_, session) => {
      session.send(
        ...['kong.response.set_header', header('x-before', '1')],
        ...[
          'kong.response.exit',
          exit({ status: 403, body: Buffer.from('no'), headers: toStruct({ 'x-h': ['1', '2'] }) }),
        ],
        ...['kong.response.set_header', header('x-after', '1')],
      );
      void session.next();
      return true;
    };
    const response = await get();
    expect([response.status, response.body]).toEqual([403, 'no']);
    expect(response.headers.filter(([name]) => name.startsWith('x-'))).toEqual([
      ['x-before', '1'],
      ['x-h', '1'],
      ['x-h', '2'],
    ]);
    expect(upstream.seen).toEqual([]);
    await server.sessions[0]?.closed;
    await waitFor(() => server.calls.length === 3, 'the log event');
    expect(server.calls[2]).toMatchObject({ eventName: 'log', connection: 2 });
    // The reply to the header that was set before, and none for the exit.
    expect(server.frames.filter(({ connection }) => connection === 1)).toHaveLength(3);
  });

  it('without a body has an empty one', async () => {
    onAccess = (_, session) => {
      session.send('kong.response.exit', exit({ status: 401 }));
      return true;
    };
    const response = await get();
    expect([response.status, response.body]).toEqual([401, '']);
  });

  it('is an error in the log phase, after which the connection is closed', async () => {
    onLog = (_, session) => {
      session.send('kong.response.exit', exit({ status: 401 }));
      return true;
    };
    expect((await get()).status).toBe(200);
    await server.sessions[0]?.closed;
    expect(gateway.lines.join()).toMatch(/function cannot be called in log phase/);
  });
});

describe('bytes that are not UTF-8', () => {
  const RAW = Buffer.from([0xff, 0xfe, 0x80, 0x41]);
  const LATIN1 = RAW.toString('latin1');

  it('go through headers, bodies, the shared context and back', async () => {
    const replies = calling(
      ['kong.request.get_header', text('x-raw')],
      ['kong.request.get_headers', message('Int', { v: 10 })],
      ['kong.request.get_raw_body', ''],
      ['kong.ctx.shared.set', Buffer.concat([bytes(Buffer.from('k')), wrapped(RAW)])],
      ['kong.ctx.shared.get', text('k')],
      [
        'kong.service.request.set_header',
        Buffer.concat([bytes(Buffer.from('x-set')), wrapped(RAW)]),
      ],
      ['kong.service.request.set_raw_body', bytes(Buffer.concat([RAW, RAW]))],
    );
    await get(
      [
        ['X-Raw', LATIN1],
        ['Content-Length', '4'],
      ],
      'POST /r',
      LATIN1,
    );
    expect(replies[0]).toEqual(bytes(RAW));
    expect(replies[1]?.includes(RAW)).toBe(true);
    expect(replies[2]).toEqual(bytes(RAW));
    expect(replies[4]).toEqual(Buffer.concat([Buffer.of(0x1a, RAW.length), RAW]));
    const [seen] = upstream.seen;
    expect(valuesOf(seen, 'x-set')).toEqual([LATIN1]);
    expect(seen?.body).toBe(LATIN1 + LATIN1);
  });

  /** Field 2 with a Value that holds a string. */
  function wrapped(raw: Buffer): Buffer {
    return Buffer.concat([Buffer.of(0x12, raw.length + 2, 0x1a, raw.length), raw]);
  }
});

describe('values that are kept in the shared context', () => {
  async function afterwards(value: Record<string, unknown>): Promise<string | undefined> {
    const replies = calling(
      ['kong.ctx.shared.set', message('KV', { k: 'k', v: value })],
      ['kong.ctx.shared.get', text('k')],
    );
    expect((await get()).status).toBe(200);
    return replies[1]?.toString('hex');
  }

  const hex = (value: unknown) => Buffer.from(message('Value', toValue(value))).toString('hex');

  it.each<[string, unknown]>([
    ['text', 'x'],
    ['an empty text', ''],
    ['zero', 0],
    ['true', true],
    ['a list', ['a', 1, ['b']]],
    ['an object', { a: { b: ['c'] } }],
    ['an empty object', {}],
  ])('come back as they were: %s', async (_, value) => {
    expect(await afterwards(toValue(value))).toBe(hex(value));
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['false is nil', toValue(false), '0801'],
    ['null is nil', toValue(null), '0801'],
    ['an empty list is an empty object', toValue([]), hex({})],
    ['members that are false or null vanish', toValue({ a: false, b: null, c: 1 }), hex({ c: 1 })],
    ['a list ends at the first null', toValue(['a', null, 'b']), hex(['a'])],
    ['an explicit NULL_VALUE is a text', { null_value: 0 }, hex('NULL_VALUE')],
    ['a null beyond the enum is a number', { null_value: 1 }, hex(1)],
  ])('change as in Lua: %s', async (_, value, expected) => {
    expect(await afterwards(value)).toBe(expected);
  });

  it('cannot be read when a list begins with null', async () => {
    calling(
      ['kong.ctx.shared.set', message('KV', { k: 'k', v: toValue([null, 'b']) })],
      ['kong.ctx.shared.get', text('k')],
    );
    expect((await get()).status).toBe(500);
    expect(gateway.lines[0]).toMatch(/string expected for field 'key', got number/);
  });
});
