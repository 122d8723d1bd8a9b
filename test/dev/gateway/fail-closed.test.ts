import { renameSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LuaError } from '../../../dev/gateway/lua/lua-error.ts';
import { Instances } from '../../../dev/gateway/protocol/instances.ts';
import type { PdkHost } from '../../../dev/gateway/protocol/rpc.ts';
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
import { startUpstream, type Upstream } from './support/upstream.ts';
import { waitFor } from './support/wait-for.ts';

type Behaviour = (call: ReceivedCall, session: Session) => unknown;

let upstream: Upstream;
let server: FakeProtobufServer;
let gateway: TestGateway;
/** What happens to events; undefined behaves well. */
let onEvent: Behaviour | undefined;
let onStart: Behaviour | undefined;
let instances: number;

beforeEach(async () => {
  onEvent = undefined;
  onStart = undefined;
  instances = 0;
  upstream = await startUpstream();
  server = await startFakeProtobufServer({
    onCall: (call, session) => {
      if (call.command === 'start_instance') {
        if (onStart !== undefined) return onStart(call, session);
        return session.send(started(call.sequence, instances++));
      }
      if (onEvent !== undefined) return onEvent(call, session);
      return session.send(...endOfEvent(call.sequence));
    },
  });
  gateway = await start({
    config: `{
      _format_version: "3.0",
      services: [{name: up, url: "http://127.0.0.1:${upstream.port}", routes: [
        {name: a, paths: [/a], plugins: [{name: probe}]},
        {name: b, paths: [/b], plugins: [{name: probe}]},
        {name: free, paths: [/free]}]}]}`,
    pluginServers: [pluginEntry(server.socket, { phases: ['access'], protocol: 'ProtoBuf:1' })],
    pluginServerTimeoutMs: 300,
  });
});

afterEach(async () => {
  await gateway.stop();
  await server.stop();
  await upstream.stop();
});

const get = (path = '/a') => sendRaw(gateway.port, request(`GET ${path}`));
const starts = () => server.calls.filter(({ command }) => command === 'start_instance');
const events = () => server.calls.filter(({ command }) => command === 'handle_event');

/** Behaves well again from the next event on. */
const once =
  (behaviour: Behaviour): Behaviour =>
  (call, session) => {
    onEvent = undefined;
    return behaviour(call, session);
  };

describe('once an instance is known, Kong starts it again and repeats the event', () => {
  beforeEach(async () => {
    expect((await get()).status).toBe(200);
  });

  it.each<[string, Behaviour, string]>([
    ['the server closes the connection', (_, { socket }) => socket.destroy(), 'closed'],
    ['the server ends the connection', (_, { socket }) => socket.end(), 'closed'],
    [
      'the connection is closed within a frame',
      (_, { socket }) => socket.end(Buffer.from('0500000061', 'hex')),
      'closed',
    ],
    [
      'the connection is closed between a method and its arguments',
      (_, { socket }) => socket.end(toFrames('kong.request.get_method')),
      'closed',
    ],
    [
      'the connection is closed before the return',
      (_, { socket }) => socket.end(toFrames('')),
      'closed',
    ],
    [
      'the server ends the connection after a call, to which it is still given a reply',
      (_, session) => {
        void session.next();
        session.socket.end(toFrames('kong.request.get_method', ''));
      },
      'closed',
    ],
    [
      'an error speaks of «no plugin instance»',
      (_, session) => session.send('No plugin instance 0', ''),
      'method "No plugin instance 0" not found',
    ],
    [
      'an error speaks of «closed»',
      (_, session) => session.send('ENCLOSED', ''),
      'method "ENCLOSED" not found',
    ],
  ])('when %s', async (_, misbehave, warning) => {
    onEvent = once(misbehave);
    expect((await get()).status).toBe(200);
    expect(starts()).toHaveLength(2);
    expect(events().map((event) => 'instanceId' in event && event.instanceId)).toEqual([0, 0, 1]);
    expect(gateway.lines).toEqual([`[warn] [probe] ${warning}`]);
    expect(upstream.seen).toHaveLength(2);
  });

  it('as often as it takes', async () => {
    let left = 50;
    onEvent = (call, session) => {
      left -= 1;
      if (left > 0) session.socket.destroy();
      else session.send(...endOfEvent(call.sequence));
    };
    expect((await get()).status).toBe(200);
    expect(starts()).toHaveLength(50);
  });

  it('and the other instances of the plugin with it', async () => {
    await get('/b');
    expect(starts()).toHaveLength(2);
    onEvent = once((_, { socket }) => socket.destroy());
    await get('/a');
    await get('/b');
    expect(starts()).toHaveLength(4);
  });

  it('after a restart of the server, whose old connections are forgotten', async () => {
    await server.kill();
    await server.listen();
    expect((await get()).status).toBe(200);
    // The connection of before is gone, so the event went out on a new one, with the id of before.
    expect(starts()).toHaveLength(1);
    expect(events().at(-1)).toMatchObject({ instanceId: 0, connection: 2 });
  });

  it('with the connection of the failed attempt open until the request ends', async () => {
    let isOpen: boolean | undefined;
    onEvent = (_, failed) => {
      onEvent = (call, session) => {
        isOpen = !failed.socket.destroyed;
        session.send(...endOfEvent(call.sequence));
      };
      failed.send('no plugin instance', '');
    };
    expect((await get()).status).toBe(200);
    expect(isOpen).toBe(true);
    await server.sessions[0]?.closed;
    expect(server.sessions).toHaveLength(2);
  });

  it('for ever, but without keeping others from their turn, until the gateway stops', async () => {
    onEvent = (_, { socket }) => socket.destroy();
    const pending = get().catch(() => undefined);
    await waitFor(() => events().length > 20, 'some attempts');
    expect((await get('/free')).status).toBe(200);
    await gateway.stop();
    await pending;
    const { length } = server.calls;
    await new Promise((resolve) => setImmediate(resolve));
    expect(server.calls).toHaveLength(length);
    expect(upstream.seen).toHaveLength(2);
  });
});

describe('any other failure is a 500', () => {
  beforeEach(async () => {
    expect((await get()).status).toBe(200);
  });

  afterEach(() => {
    expect(upstream.seen).toHaveLength(1);
    expect(starts()).toHaveLength(1);
  });

  async function expect500() {
    const response = await get();
    expect(response.status).toBe(500);
    expect(response.json()).toEqual({
      message: 'An unexpected error occurred',
      request_id: response.header('X-Kong-Request-Id'),
    });
  }

  it.each<[string, Behaviour, string]>([
    ['silence', () => undefined, 'timeout'],
    ['silence within a frame', (_, { socket }) => socket.write(Buffer.of(1, 0)), 'timeout'],
    ['silence after a method', (_, session) => session.send('kong.request.get_method'), 'timeout'],
    ['silence instead of the return', (_, session) => session.send(''), 'timeout'],
    [
      'a function that ProtoBuf:1 has not',
      (_, session) => session.send('kong.request.get_id', ''),
      'method "kong.request.get_id" not found',
    ],
    [
      'a name that has to be quoted',
      (_, session) => session.send('a "b"\\\n', ''),
      'method "a \\"b\\"\\\\\\\n" not found',
    ],
  ])('such as %s', async (_, misbehave, error) => {
    onEvent = misbehave;
    await expect500();
    expect(gateway.lines).toEqual([`[err] [probe] pluginserver error: ${error}`]);
  });

  it.each<[string, Behaviour, RegExp]>([
    [
      'a return of another call',
      ({ sequence }, session) => session.send(...endOfEvent(sequence + 1)),
      /assertion failed!/,
    ],
    ['an empty return', (_, session) => session.send('', ''), /assertion failed!/],
    [
      'a return that is no message',
      (_, session) => session.send('', Buffer.of(0x08)),
      /^\[err\] \[probe\] /,
    ],
    [
      'an error in a PDK function',
      (_, session) => session.send('kong.request.get_headers', message('Int', { v: 0 })),
      /max_headers must be >= 1/,
    ],
    [
      'arguments that are no message',
      (_, session) => session.send('kong.request.get_header', message('Int', { v: 1 })),
      /type mismatch for field 'v'/,
    ],
    [
      'a PDK function in the wrong phase',
      (_, session) => session.send('kong.response.get_status', ''),
      /function cannot be called in access phase/,
    ],
    [
      'a function that the development gateway has not',
      (_, session) => session.send('kong.service.set_upstream', message('String', { v: 'u' })),
      /not implemented by the development gateway/,
    ],
  ])('such as %s, where Kong raises an error', async (_, misbehave, error) => {
    onEvent = misbehave;
    await expect500();
    expect(gateway.lines).toHaveLength(1);
    expect(gateway.lines[0]).toMatch(error);
  });

  it('such as a server that dies with something of Kong’s still unread', async () => {
    onEvent = (_, session) => {
      session.send('kong.request.get_method', '');
      session.socket.destroy();
    };
    await expect500();
    expect(gateway.lines.join()).toMatch(/broken pipe|connection reset by peer/);
  });

  it('such as a dead server', async () => {
    await server.kill();
    await expect500();
    expect(gateway.lines).toEqual([
      '[err] [probe] trying to connect: no such file or directory',
      '[err] [probe] pluginserver error: no such file or directory',
    ]);
    await server.listen();
  });

  it('such as a refused connection', async () => {
    // The socket of a server that was killed: a file to which nobody listens.
    const aside = `${server.socket}.aside`;
    renameSync(server.socket, aside);
    await server.kill();
    renameSync(aside, server.socket);
    await expect500();
    expect(gateway.lines.at(-1)).toBe('[err] [probe] pluginserver error: connection refused');
    renameSync(server.socket, aside);
    await server.listen();
  });

  it('and gives the connection back when all of the return has been read', async () => {
    onEvent = once(({ sequence }, session) => session.send(...endOfEvent(sequence + 1)));
    await expect500();
    onEvent = (call, session) => session.send('kong.request.get_id', '', String(call.connection));
    await expect500();
    expect(events().map(({ connection }) => connection)).toEqual([1, 1, 1]);
  });
});

describe('before an instance is known, requests are refused', () => {
  it('while the plugin server is dead', async () => {
    await server.kill();
    expect((await get()).status).toBe(500);
    expect(gateway.lines).toEqual([
      '[err] [probe] trying to connect: no such file or directory',
      '[err] [probe] starting instance: no such file or directory',
      '[err] [probe] no such file or directory',
    ]);
    await server.listen();
    expect((await get()).status).toBe(200);
    expect(upstream.seen).toHaveLength(1);
  });

  it.each<[string, Behaviour, string]>([
    ['closes the connection', (_, { socket }) => socket.destroy(), 'closed'],
    ['says nothing', () => undefined, 'timeout'],
  ])('when the server %s, and the next request tries again', async (_, misbehave, error) => {
    onStart = misbehave;
    expect((await get()).status).toBe(500);
    expect(gateway.lines).toContain(`[err] [probe] starting instance: ${error}`);
    onStart = undefined;
    expect((await get()).status).toBe(200);
    expect(starts()).toHaveLength(2);
  });

  it('when a start returns no instance', async () => {
    onStart = ({ sequence }, session) => session.send(message('RpcReturn', { sequence }));
    expect((await get()).status).toBe(500);
    expect(gateway.lines).toEqual([
      "[err] [probe] attempt to index field 'instance_status' (a nil value)",
    ]);
  });

  it('and wait for a start that broke off with an error, as nobody takes the claim back', async () => {
    const running = new Instances();
    let attempts = 0;
    const info = {
      name: 'probe',
      version: '1',
      priority: 1,
      phases: [],
      fields: new Map(),
      protocol: 'ProtoBuf:1' as const,
      socket: '',
    };
    const rpc = {
      plugin: info,
      startInstance: () => {
        attempts += 1;
        return Promise.reject(new LuaError('attempt to index a nil value'));
      },
      closeInstance: () => Promise.resolve({ ok: true as const, value: undefined }),
      handleEvent: () => Promise.resolve(),
    };
    const pdk: PdkHost = {
      call: () => Promise.resolve({ value: undefined }),
      log: () => undefined,
      bodyFile: () => Promise.resolve(undefined),
      atRequestEnd: () => undefined,
    };
    const conf = { id: 'c', seq: 1, json: '{}' };
    await expect(running.idOf(rpc, conf, pdk)).rejects.toThrow(LuaError);
    const second = running.idOf(rpc, conf, pdk);
    running.stop();
    expect(await second).toEqual({ ok: false, error: 'closed' });
    expect(attempts).toBe(1);
  });

  it('and one instance is started for requests that come together', async () => {
    onStart = (call, session) => {
      setTimeout(() => session.send(started(call.sequence, 5)), 50);
    };
    const responses = await Promise.all([get(), get(), get()]);
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(starts()).toHaveLength(1);
  });
});
