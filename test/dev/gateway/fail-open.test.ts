import { encode } from '@msgpack/msgpack';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Answer,
  type FakePluginServer,
  type Received,
  startFakePluginServer,
} from './support/fake-plugin-server.ts';
import { pluginEntry } from './support/plugin-info.ts';
import { request, sendRaw } from './support/raw-request.ts';
import { start, type TestGateway } from './support/start.ts';
import { startUpstream, type Upstream } from './support/upstream.ts';
import { waitFor } from './support/wait-for.ts';

type Misbehave = (message: Received, reply: Answer) => void;

let upstream: Upstream;
let server: FakePluginServer;
let gateway: TestGateway;
/** Decides on events of the access phase; undefined behaves well. */
let onAccess: Misbehave | undefined;
let onStart: Misbehave | undefined;
let instances: number;

beforeEach(async () => {
  onAccess = undefined;
  onStart = undefined;
  instances = 0;
  upstream = await startUpstream();
  server = await startFakePluginServer((message, reply) => {
    if (message.method === 'plugin.StartInstance') {
      if (onStart !== undefined) onStart(message, reply);
      else reply.result({ Id: instances++ });
    } else if (message.argument.EventName === 'access' && onAccess !== undefined) {
      onAccess(message, reply);
    } else reply.result({ Data: 'ret', EventId: 0 });
  });
  gateway = await start({
    config: `{
      _format_version: "3.0",
      services: [{name: up, url: "http://127.0.0.1:${upstream.port}", routes: [
        {name: r, paths: [/r], plugins: [{name: probe}]}]}]}`,
    pluginServers: [pluginEntry(server.socket, { phases: ['access'] })],
    pluginServerTimeoutMs: 300,
  });
});

afterEach(async () => {
  await gateway.stop();
  await server.stop();
  await upstream.stop();
});

const get = () => sendRaw(gateway.port, request('GET /r'));
const started = () => server.received.filter(({ method }) => method === 'plugin.StartInstance');

describe('once an instance is known, a MsgPack:1 plugin server fails open', () => {
  beforeEach(async () => {
    expect((await get()).status).toBe(200);
  });

  it.each<[string, Misbehave]>([
    ['an error', (_, reply) => reply.error('boom')],
    ['an error that speaks of a closed connection', (_, reply) => reply.error('closed')],
    ['a connection closed without an answer', (_, { socket }) => socket.destroy()],
    ['an end of the connection without an answer', (_, { socket }) => socket.end()],
    ['an empty result', (_, reply) => reply.result(null)],
    ['silence', () => undefined],
  ])('passes the request on after %s', async (_, misbehave) => {
    onAccess = misbehave;
    expect((await get()).status).toBe(200);
    expect(upstream.seen).toHaveLength(2);
  });

  it('waits for a silent server until the timeout', async () => {
    onAccess = () => undefined;
    const before = Date.now();
    await get();
    expect(Date.now() - before).toBeGreaterThanOrEqual(290);
    expect(gateway.lines).toContain('[err] [probe] no data');
  });

  it('passes requests on while the plugin server is dead', async () => {
    await server.kill();
    expect((await get()).status).toBe(200);
    expect((await get()).status).toBe(200);
    expect(upstream.seen).toHaveLength(3);
    await server.listen();
  });

  it('goes on using the instance ids of before a restart of the server', async () => {
    await server.kill();
    await server.listen();
    await get();
    expect(started()).toHaveLength(1);
    expect(server.received.at(-1)?.argument).toEqual({ InstanceId: 0, EventName: 'access' });
  });

  it('starts the instance again and repeats the event when the server does not know it', async () => {
    onAccess = (_, reply) => {
      onAccess = undefined;
      reply.error('Error: No plugin instance #0');
    };
    expect((await get()).status).toBe(200);
    expect(started()).toHaveLength(2);
    expect(server.received.at(-1)?.argument).toEqual({ InstanceId: 1, EventName: 'access' });
  });

  it.each<[string, Misbehave]>([
    ['an error that is not text', (_, reply) => reply.error({ message: 'boom' })],
    [
      'half an answer',
      ({ id }, { socket }) => {
        socket.end(encode([1, id, null, { Data: 'ret', EventId: 0 }]).subarray(0, 9));
      },
    ],
    ['bytes that are not MessagePack', (_, reply) => reply.raw(Buffer.of(0xc1))],
    ['a message that is no array', (_, reply) => reply.raw(encode('hello'))],
    [
      'the answer to another message',
      ({ id }, reply) => {
        reply.raw(encode([1, id + 1, null, { Data: 'ret', EventId: 0 }]));
      },
    ],
    ['a step without data', (_, reply) => reply.result({ EventId: 0 })],
  ])('answers 500 after %s, where Kong itself raises an error', async (_, misbehave) => {
    onAccess = misbehave;
    const response = await get();
    expect(response.status).toBe(500);
    expect(response.json()).toEqual({
      message: 'An unexpected error occurred',
      request_id: response.header('X-Kong-Request-Id'),
    });
    expect(upstream.seen).toHaveLength(1);
  });

  it('reads an answer that comes in pieces, and notifications before it', async () => {
    onAccess = async ({ id }, { socket }) => {
      const bytes = Buffer.concat([
        encode([2, 'serverPid', 7]),
        encode([1, id, null, { Data: 'ret', EventId: 0 }]),
      ]);
      for (const byte of bytes) {
        socket.write(Buffer.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    expect((await get()).status).toBe(200);
    expect(gateway.lines).toEqual([]);
  });

  it('does not reuse a connection on which more than the answer came', async () => {
    onAccess = ({ id }, reply) => {
      const answer = encode([1, id, null, { Data: 'ret', EventId: 0 }]);
      reply.raw(Buffer.concat([answer, encode([1, id + 1, null, {}])]));
    };
    await get();
    const used = server.received.at(-1)?.connection;
    await get();
    expect(server.received.at(-1)?.connection).not.toBe(used);
  });
});

describe('before an instance is known, requests are refused', () => {
  it('answers 500 while the plugin server is dead', async () => {
    await server.kill();
    expect((await get()).status).toBe(500);
    expect(upstream.seen).toEqual([]);
    await server.listen();
    expect((await get()).status).toBe(200);
  });

  it('answers 500 when the instance cannot be started, and tries again at the next request', async () => {
    onStart = (_, reply) => reply.error('bad config');
    expect((await get()).status).toBe(500);
    onStart = undefined;
    expect((await get()).status).toBe(200);
    expect(started()).toHaveLength(2);
    expect(gateway.lines).toContain('[err] [probe] starting instance: bad config');
  });

  it('starts one instance for requests that come together', async () => {
    onStart = (_, reply) => {
      setTimeout(() => reply.result({ Id: 5 }), 50);
    };
    const responses = await Promise.all([get(), get(), get()]);
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(started()).toHaveLength(1);
  });
});

describe('the connections to a plugin server', () => {
  it('carries one message at a time on each, however many requests there are', async () => {
    await get();
    const open = new Map<number, number>();
    let most = 0;
    onAccess = ({ connection }, reply) => {
      open.set(connection, (open.get(connection) ?? 0) + 1);
      most = Math.max(most, open.get(connection) ?? 0);
      setTimeout(() => {
        open.set(connection, 0);
        reply.result({ Data: 'ret', EventId: 0 });
      }, 20);
    };
    const responses = await Promise.all(Array.from({ length: 40 }, get));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    expect(most).toBe(1);
  });

  it('reuses them one after the other', async () => {
    for (let count = 0; count < 5; count += 1) await get();
    expect(new Set(server.received.map(({ connection }) => connection))).toEqual(new Set([1]));
  });

  it('are all closed by stop, and calls under way end', async () => {
    await get();
    onAccess = () => undefined;
    const pending = sendRaw(gateway.port, request('GET /r')).catch(() => undefined);
    await waitFor(() => server.received.length === 3, 'the second event');
    await gateway.stop();
    await pending;
    await expect(get()).rejects.toThrow(/ECONNREFUSED/);
  });
});

describe('two plugins on one server', () => {
  it('swap when the server restarts and gives out the same ids again', async () => {
    let names: string[] = [];
    const ran: string[] = [];
    const shared = await startFakePluginServer(({ method, argument }, reply) => {
      const id = Number(argument.InstanceId);
      if (method === 'plugin.StartInstance') {
        names.push(String(argument.Name));
        reply.result({ Id: names.length - 1 });
      } else if (names[id] === undefined) reply.error(`no plugin instance #${id}`);
      else {
        ran.push(names[id]);
        reply.result({ Data: 'ret', EventId: 0 });
      }
    });
    const entry = (name: string) => pluginEntry(shared.socket, { name, phases: ['access'] });
    const two = await start({
      config: `{
        _format_version: "3.0",
        services: [{name: up, url: "http://127.0.0.1:${upstream.port}", routes: [
          {name: a, paths: [/a], plugins: [{name: first}]},
          {name: b, paths: [/b], plugins: [{name: second}]}]}]}`,
      pluginServers: [entry('first'), entry('second')],
    });
    const visit = (path: string) => sendRaw(two.port, request(`GET ${path}`));
    await visit('/a');
    await visit('/b');
    expect(ran).toEqual(['first', 'second']);
    names = [];
    await visit('/b');
    await visit('/a');
    expect(ran.slice(2)).toEqual(['second', 'second']);
    await two.stop();
    await shared.stop();
  });
});
