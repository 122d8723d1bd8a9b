import { readFileSync } from 'node:fs';
import { decode } from '@msgpack/msgpack';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type FakePluginServer,
  type Received,
  startFakePluginServer,
} from './support/fake-plugin-server.ts';
import { pluginEntry } from './support/plugin-info.ts';
import { request, sendRaw } from './support/raw-request.ts';
import { start, type TestGateway } from './support/start.ts';
import { startUpstream, type Upstream } from './support/upstream.ts';
import { waitFor } from './support/wait-for.ts';

interface Frame {
  connection: number;
  from: 'kong' | 'server';
  hex: string;
}

interface Scenario {
  scenario: string;
  frames: Frame[];
}

const TRACES = new URL('../../fixtures/kong-traces/msgpack.json', import.meta.url);
const { scenarios }: { scenarios: Scenario[] } = JSON.parse(readFileSync(TRACES, 'utf8'));

/** The schema of the plugin with which the traces were taken. */
const FIELDS = [
  { calls: { type: 'string', default: '[]' } },
  { log_calls: { type: 'string' } },
  { secret: { type: 'string', referenceable: true } },
  { m: { type: 'map', keys: { type: 'string' }, values: { type: 'string' } } },
  {
    list: {
      type: 'array',
      elements: {
        type: 'record',
        fields: [
          { issuer: { type: 'string', required: true } },
          { n: { type: 'integer', default: 5 } },
        ],
      },
    },
  },
];

/** Replies of these calls differ at every run. */
const VARIABLE_REPLIES = new Set([
  'kong.client.get_port',
  'kong.node.get_id',
  'kong.nginx.req_start_time',
]);

const VARIABLE_KEYS = new Set(['created_at', 'updated_at']);

type Plain = Record<string, unknown>;

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function at(value: unknown, ...path: (string | number)[]): unknown {
  let here: unknown = value;
  for (const key of path) {
    if (Array.isArray(here)) here = here[Number(key)];
    else here = isPlain(here) ? here[key] : undefined;
  }
  return here;
}

/** A message with what varies from run to run replaced by its type. */
function comparable(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return comparableText(value);
  if (typeof value === 'number') {
    return VARIABLE_KEYS.has(key) || key === 'port' ? '<number>' : value;
  }
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('latin1') };
  if (Array.isArray(value)) return value.map((item) => comparable(item));
  if (!isPlain(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, comparable(item, name)]),
  );
}

function comparableText(text: string): string {
  return text.replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>').replace(/^[0-9a-f]{32}$/, '<id>');
}

/** The log entry as far as it does not depend on time, sizes and the answer of the upstream. */
function comparableEntry(json: unknown): unknown {
  const entry: Plain = JSON.parse(String(json));
  const headers = at(entry, 'response', 'headers');
  return comparable({
    ...entry,
    request: { ...(isPlain(entry.request) ? entry.request : {}), id: '<id>', size: 0 },
    response: {
      status: at(entry, 'response', 'status'),
      headers: Object.keys(isPlain(headers) ? headers : {}).sort(),
    },
    latencies: Object.keys(isPlain(entry.latencies) ? entry.latencies : {}).sort(),
    tries: [Object.keys(Object(at(entry, 'tries', 0))).sort(), at(entry, 'tries', 'length')],
    started_at: typeof entry.started_at,
  });
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

function routeOf(scenario: string): string {
  return scenario === 'bigbody' ? 'body' : scenario;
}

/** The configuration of the traced Kong, with the configs that it sent. */
function traceConfig(upstreamPort: number): string {
  const routes = scenarios.flatMap(({ scenario, frames }) => {
    const first = frames.find(({ from }) => from === 'kong');
    const message: unknown = first && decode(Buffer.from(first.hex, 'hex'));
    if (at(message, 2) !== 'plugin.StartInstance') return [];
    const sent: Plain = JSON.parse(String(at(message, 3, 0, 'Config')));
    const refs = Object(sent.$refs);
    const config = Object.fromEntries(
      Object.entries({ ...sent, ...refs }).filter(([key]) => !/^(?:__|\$|route_id)/.test(key)),
    );
    return [
      {
        name: scenario,
        paths: [`/${scenario}`],
        tags: ['team-qa'],
        plugins: [{ name: 'tracer', config }],
      },
    ];
  });
  const url = `http://127.0.0.1:${upstreamPort}`;
  // JSON is YAML.
  return JSON.stringify({
    _format_version: '3.0',
    services: [{ name: 'up', url, tags: ['env-staging'], routes }],
  });
}

function traceRequest(scenario: string, port: number): string {
  const path = `/${routeOf(scenario)}/sub/path?a=1&a=2&b=%20x`;
  const headers: [string, string][] = [
    ['User-Agent', 'curl/7.88.1'],
    ['Accept', '*/*'],
    ['Authorization', 'Bearer abc.def.ghi'],
    ['X-Multi', 'one'],
    ['X-Multi', 'two'],
    ['X-Spoof', 'evil'],
  ];
  const host = `127.0.0.1:${port}`;
  const body = { body: '{"model":"gpt"}', bigbody: `{"model":"${'g'.repeat(20_000)}"}` }[scenario];
  if (body === undefined) return request(`GET ${path}`, headers, '', host);
  const sized: [string, string][] = [...headers, ['Content-Length', String(body.length)]];
  return request(`POST ${path}`, sized, body, host);
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
      config: traceConfig(upstream.port),
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
