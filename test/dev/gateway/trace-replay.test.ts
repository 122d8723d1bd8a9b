import { decode } from '@msgpack/msgpack';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type FakePluginServer,
  type Received,
  startFakePluginServer,
} from './support/fake-plugin-server.ts';
import { pluginEntry } from './support/plugin-info.ts';
import { sendRaw } from './support/raw-request.ts';
import { start, type TestGateway } from './support/start.ts';
import {
  at,
  comparable,
  comparableEntry,
  FIELDS,
  isPlain,
  type Plain,
  readTraces,
  traceConfig,
  traceRequest,
  VARIABLE_REPLIES,
} from './support/traces.ts';
import { startUpstream, type Upstream } from './support/upstream.ts';
import { waitFor } from './support/wait-for.ts';

const scenarios = readTraces('msgpack');

/** The configs that Kong sent, by scenario. */
function sentConfigs(): Map<string, Plain> {
  const configs = new Map<string, Plain>();
  for (const { scenario, frames } of scenarios) {
    const first = frames.find(({ from }) => from === 'kong');
    const message: unknown = first && decode(Buffer.from(first.hex, 'hex'));
    if (at(message, 2) !== 'plugin.StartInstance') continue;
    configs.set(scenario, JSON.parse(String(at(message, 3, 0, 'Config'))));
  }
  return configs;
}

/** The part of a message that the trace determines. `asked` is the call that it replies to. */
function essence(message: unknown, asked: unknown): unknown {
  const [type, id, method, args]: unknown[] = Array.isArray(message) ? message : [];
  const argument = at(args, 0);
  if (method === 'plugin.StartInstance') {
    const config: unknown = JSON.parse(String(at(argument, 'Config')));
    return [type, id, method, [{ ...Object(argument), Config: config }]];
  }
  const call = String(at(asked, 3, 'Data', 'Method'));
  const isVariable = VARIABLE_REPLIES.has(call) || at(asked, 3, 'Data', 'Args', 0) === 'request_id';
  const data = at(argument, 'Data');
  if (isVariable) return [type, id, method, [{ ...Object(argument), Data: typeof data }]];
  if (call === 'kong.log.serialize') {
    return [type, id, method, [{ ...Object(argument), Data: comparableEntry(data) }]];
  }
  const isPort = call.endsWith('_port');
  return comparable([
    type,
    id,
    method,
    isPort ? [{ ...Object(argument), Data: typeof data }] : args,
  ]);
}

describe('replay of what a real Kong 3.9.3 exchanged with a plugin server', () => {
  let upstream: Upstream;
  let server: FakePluginServer;
  let gateway: TestGateway;
  const toSend = scenarios.flatMap(({ frames }) => frames.filter(({ from }) => from === 'server'));
  const statuses = new Map<string, number>();
  const received = new Map<string, Received[]>();

  beforeAll(async () => {
    upstream = await startUpstream();
    server = await startFakePluginServer((_, reply) => {
      const frame = toSend.shift();
      if (frame !== undefined) reply.raw(Buffer.from(frame.hex, 'hex'));
    });
    gateway = await start({
      config: traceConfig(upstream.port, sentConfigs()),
      pluginServers: [pluginEntry(server.socket, { name: 'tracer', fields: FIELDS })],
      environment: { TRACER_SECRET: 's3cr3t' },
    });
    // All scenarios ran in one worker: message, instance and event ids go on from one to the next.
    for (const { scenario, frames } of scenarios) {
      const before = server.received.length;
      const expected = frames.filter(({ from }) => from === 'kong').length;
      const { status } = await sendRaw(gateway.port, traceRequest(scenario, gateway.port));
      await waitFor(() => server.received.length >= before + expected, `the end of ${scenario}`);
      statuses.set(scenario, status);
      received.set(scenario, server.received.slice(before));
    }
  });

  afterAll(async () => {
    await gateway.stop();
    await server.stop();
    await upstream.stop();
  });

  it.each(scenarios)('sends the messages of Kong in «$scenario»', ({ scenario, frames }) => {
    const sent = received.get(scenario) ?? [];
    const expected = frames.flatMap((frame, index) =>
      frame.from === 'kong' ? [{ frame, before: frames[index - 1] }] : [],
    );
    expect(sent).toHaveLength(expected.length);
    expected.forEach(({ frame, before }, index) => {
      const asked = before && decode(Buffer.from(before.hex, 'hex'));
      const actual = sent[index];
      const message: unknown = actual && decode(actual.bytes);
      const wanted: unknown = decode(Buffer.from(frame.hex, 'hex'));
      // The client's own `Connection: close` is the only header that the trace has not.
      const stripped = JSON.parse(JSON.stringify(essence(message, asked)), (key, value) =>
        isPlain(value) && (key === 'Data' || key === 'headers')
          ? Object.fromEntries(Object.entries(value).filter(([name]) => name !== 'connection'))
          : value,
      );
      expect(stripped).toEqual(JSON.parse(JSON.stringify(essence(wanted, asked))));
      expect(actual?.connection).toBe(frame.connection);
    });
  });

  it('packs messages without tables of several keys byte for byte as Kong does', () => {
    let compared = 0;
    for (const { scenario, frames } of scenarios) {
      const sent = received.get(scenario) ?? [];
      frames
        .filter(({ from }) => from === 'kong')
        .forEach(({ hex }, index) => {
          const data = at(decode(Buffer.from(hex, 'hex')), 3, 0, 'Data');
          const method = String(at(decode(Buffer.from(hex, 'hex')), 2));
          const isShort =
            typeof data === 'string' && data.length > 3 && !/[0-9a-f]{32}|-/.test(data);
          if (method !== 'plugin.HandleEvent' && !(isShort && data.length < 200)) return;
          expect(sent[index]?.bytes.toString('hex')).toBe(hex);
          compared += 1;
        });
    }
    expect(compared).toBeGreaterThan(30);
  });

  it('answers as Kong did: exits, errors in PDK calls and bodies in files', () => {
    expect(Object.fromEntries(statuses)).toEqual({
      none: 200,
      reads: 200,
      mponly: 200,
      router: 200,
      ctx: 200,
      writes: 200,
      exit: 403,
      errorexit: 503,
      badmethod: 200,
      badargs: 500,
      body: 200,
      bigbody: 500,
    });
  });
});
