import { readFileSync } from 'node:fs';
import { request } from './raw-request.ts';

/** One frame or message, or the opening or closing of a connection. */
export interface Frame {
  connection: number;
  from?: 'kong' | 'server';
  event?: 'open' | 'close';
  hex: string;
  kind?: string;
  /** The PDK function that a frame belongs to, and the type of its message. */
  method?: string;
  type?: string;
  message?: unknown;
}

export interface Scenario {
  scenario: string;
  frames: Frame[];
}

/** What a real Kong 3.9.3 and a plugin server exchanged. */
export function readTraces(protocol: 'msgpack' | 'protobuf'): Scenario[] {
  const file = new URL(`../../../fixtures/kong-traces/${protocol}.json`, import.meta.url);
  const { scenarios }: { scenarios: Scenario[] } = JSON.parse(readFileSync(file, 'utf8'));
  return scenarios;
}

/** The schema of the plugin with which the traces were taken. */
export const FIELDS = [
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
export const VARIABLE_REPLIES = new Set([
  'kong.client.get_port',
  'kong.node.get_id',
  'kong.nginx.req_start_time',
]);

const VARIABLE_KEYS = new Set(['created_at', 'updated_at']);

export type Plain = Record<string, unknown>;

export function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at the end of a path; undefined when there is none. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  let here: unknown = value;
  for (const key of path) {
    if (Array.isArray(here)) here = here[Number(key)];
    else here = isPlain(here) ? here[key] : undefined;
  }
  return here;
}

/** A message with what varies from run to run replaced by its type. */
export function comparable(value: unknown, key = ''): unknown {
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
export function comparableEntry(json: unknown): unknown {
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

function routeOf(scenario: string): string {
  return scenario === 'bigbody' ? 'body' : scenario;
}

/** The configuration of the traced Kong, from the configs that it sent in each scenario. */
export function traceConfig(upstreamPort: number, sentConfigs: Map<string, Plain>): string {
  const routes = [...sentConfigs].map(([scenario, sent]) => {
    const refs = Object(sent.$refs);
    const config = Object.fromEntries(
      Object.entries({ ...sent, ...refs }).filter(([key]) => !/^(?:__|\$|route_id)/.test(key)),
    );
    return {
      name: scenario,
      paths: [`/${scenario}`],
      tags: ['team-qa'],
      plugins: [{ name: 'tracer', config }],
    };
  });
  const url = `http://127.0.0.1:${upstreamPort}`;
  // JSON is YAML.
  return JSON.stringify({
    _format_version: '3.0',
    services: [{ name: 'up', url, tags: ['env-staging'], routes }],
  });
}

/** The request with which a scenario was traced. */
export function traceRequest(scenario: string, port: number): string {
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
