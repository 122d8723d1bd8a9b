import { statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messageCodec } from '../../../src/plugin-server/protocol/schema.ts';
import {
  type FakeProtobufServer,
  type ReceivedFrame,
  startFakeProtobufServer,
} from './support/fake-protobuf-server.ts';
import { pluginEntry } from './support/plugin-info.ts';
import { sendRaw } from './support/raw-request.ts';
import { start, type TestGateway } from './support/start.ts';
import {
  at,
  comparable,
  comparableEntry,
  FIELDS,
  type Frame,
  isPlain,
  type Plain,
  readTraces,
  traceConfig,
  traceRequest,
  VARIABLE_REPLIES,
} from './support/traces.ts';
import { startUpstream, type Upstream } from './support/upstream.ts';
import { waitFor } from './support/wait-for.ts';

const scenarios = readTraces('protobuf');
const everything = scenarios.flatMap(({ frames }) => frames);
const REQUEST_ID = Buffer.from('request_id');

function decoded(type: string, bytes: Uint8Array): unknown {
  return plain(messageCodec(type).decode(bytes));
}

/** Bytes as text, 64-bit integers as numbers, maps as objects: their order varies in Lua. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (typeof value !== 'object' || value === null) return value;
  if ('toNumber' in value) return Number(value);
  if (Array.isArray(value)) {
    return value.every((item) => isPlain(item) && 'key' in item)
      ? Object.fromEntries(value.map(({ key, value: item }) => [key, plain(item)]))
      : value.map(plain);
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/** The configs that Kong sent, by scenario. */
function sentConfigs(): Map<string, Plain> {
  const configs = new Map<string, Plain>();
  for (const { scenario, frames } of scenarios) {
    const first = frames.find(({ from }) => from === 'kong');
    const call = first && decoded('RpcCall', Buffer.from(first.hex, 'hex'));
    const config = at(call, 'cmd_start_instance', 'config');
    if (typeof config === 'string') configs.set(scenario, JSON.parse(config));
  }
  return configs;
}

/** The part of a frame of Kong's that the trace determines. `asked` holds the arguments before it. */
function essence(
  bytes: Uint8Array,
  { kind, type = '', method = '' }: Frame,
  asked: Buffer,
): unknown {
  if (kind === 'RpcCall') {
    const call = decoded('RpcCall', bytes);
    const config = at(call, 'cmd_start_instance', 'config');
    if (typeof config !== 'string') return call;
    const name = at(call, 'cmd_start_instance', 'name');
    return [at(call, 'sequence'), name, JSON.parse(config)];
  }
  const reply = decoded(type, bytes);
  const v = at(reply, 'v');
  if (VARIABLE_REPLIES.has(method) || method.endsWith('_port')) return typeof v;
  if (asked.subarray(2).equals(REQUEST_ID)) return typeof v;
  if (method === 'kong.log.serialize') return comparableEntry(v);
  return comparable(reply);
}

describe('replay of what a real Kong 3.9.3 exchanged over ProtoBuf:1', () => {
  let upstream: Upstream;
  let server: FakeProtobufServer;
  let gateway: TestGateway;
  const statuses = new Map<string, number>();
  const received = new Map<string, ReceivedFrame[]>();
  const fileSizes: number[] = [];

  beforeAll(async () => {
    upstream = await startUpstream();
    let at = everything.findIndex(({ from }) => from === 'kong');
    server = await startFakeProtobufServer({
      onFrame: ({ bytes }, session) => {
        if (everything[at]?.type === 'RawBodyResult') noteFile(bytes);
        const next = everything.findIndex(({ from }, index) => index > at && from === 'kong');
        const answers = everything
          .slice(at + 1, next === -1 ? undefined : next)
          .filter(({ from }) => from === 'server');
        at = next === -1 ? everything.length : next;
        session.send(...answers.map(({ hex }) => Buffer.from(hex, 'hex')));
      },
    });
    gateway = await start({
      config: traceConfig(upstream.port, sentConfigs()),
      pluginServers: [
        pluginEntry(server.socket, { name: 'tracer', fields: FIELDS, protocol: 'ProtoBuf:1' }),
      ],
      environment: { TRACER_SECRET: 's3cr3t' },
    });
    // All scenarios ran in one worker: sequences and instances go on from one to the next.
    for (const { scenario, frames } of scenarios) {
      const before = server.frames.length;
      const expected = frames.filter(({ from }) => from === 'kong').length;
      const { status } = await sendRaw(gateway.port, traceRequest(scenario, gateway.port));
      await waitFor(() => server.frames.length >= before + expected, `the end of ${scenario}`);
      statuses.set(scenario, status);
      received.set(scenario, server.frames.slice(before));
    }
  });

  afterAll(async () => {
    await gateway.stop();
    await server.stop();
    await upstream.stop();
  });

  function noteFile(bytes: Buffer): void {
    const path = at(decoded('RawBodyResult', bytes), 'body_filepath');
    if (typeof path === 'string') fileSizes.push(statSync(path).size);
  }

  it.each(scenarios)('sends the frames of Kong in «$scenario»', ({ scenario, frames }) => {
    const sent = received.get(scenario) ?? [];
    const expected = frames.flatMap((frame, index) =>
      frame.from === 'kong' ? [{ frame, before: frames[index - 1] }] : [],
    );
    expect(sent).toHaveLength(expected.length);
    expected.forEach(({ frame, before }, index) => {
      const actual = sent[index];
      const asked = Buffer.from(before?.hex ?? '', 'hex');
      expect(actual?.connection).toBe(frame.connection);
      // The trace's own path is left out of it.
      if (scenario === 'bigbody' && frame.type === 'RawBodyResult') return;
      const wanted = essence(Buffer.from(frame.hex, 'hex'), frame, asked);
      const got = essence(actual?.bytes ?? Buffer.alloc(0), frame, asked);
      // The client's own `Connection: close` is the only header that the trace has not.
      expect(withoutConnection(got)).toEqual(withoutConnection(wanted));
    });
  });

  it('writes frames without tables of several keys byte for byte as Kong does', () => {
    const FIXED = new Set(['String', 'Int', 'Number', 'Value', 'Empty', 'UriCapturesResult']);
    let compared = 0;
    for (const { scenario, frames } of scenarios) {
      const sent = received.get(scenario) ?? [];
      frames
        .filter(({ from }) => from === 'kong')
        .forEach(({ hex, kind, type = '', method = '', message }, index) => {
          const isEvent = kind === 'RpcCall' && at(message, 'cmdHandleEvent') !== undefined;
          const isVariable =
            VARIABLE_REPLIES.has(method) ||
            method.endsWith('_port') ||
            method === 'kong.log.serialize' ||
            /^0a20(?:3[0-9]|6[1-6]){32}$/.test(hex) ||
            at(message, 'structValue') !== undefined;
          if (!isEvent && (!FIXED.has(type) || isVariable)) return;
          expect(sent[index]?.bytes.toString('hex')).toBe(hex);
          compared += 1;
        });
    }
    expect(compared).toBeGreaterThan(50);
  });

  it('closes the connection of an event that exits before the log phase opens another', async () => {
    await server.sessions[0]?.closed;
    expect(server.sessions).toHaveLength(2);
  });

  it('gives the path of a file for a large body, as long as the request lasts', () => {
    expect(fileSizes).toEqual([20_012]);
  });

  it('answers as Kong did', () => {
    // In «badargs» a header without a name is set, and what comes of that depends on the upstream.
    statuses.delete('badargs');
    expect(Object.fromEntries(statuses)).toEqual({
      none: 200,
      reads: 200,
      mponly: 200,
      router: 200,
      ctx: 200,
      writes: 200,
      exit: 403,
      errorexit: 200,
      badmethod: 200,
      body: 200,
      bigbody: 200,
    });
  });
});

function withoutConnection(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, item) =>
    isPlain(item) && (key === 'fields' || key === 'headers')
      ? Object.fromEntries(Object.entries(item).filter(([name]) => name !== 'connection'))
      : item,
  );
}
