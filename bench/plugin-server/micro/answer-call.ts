import { messageCodec } from '../../../src/plugin-server/protocol/schema.ts';
import { toStruct, toValue } from '../../../src/plugin-server/protocol/value.ts';

/** What Kong knows of the request that the plugins ask about. */
export interface KongRequest {
  method: string;
  path: string;
  /** By name in lower case. */
  headers: Record<string, string>;
}

/** `kong.ctx.shared`, as encoded `google.protobuf.Value`s. */
export type Shared = Map<string, Uint8Array>;

type Answer = (args: Uint8Array, request: KongRequest, shared: Shared) => Uint8Array;

const STRING = messageCodec('String');
const KEY_AND_VALUE = messageCodec('KV');
const STRUCT = messageCodec('Struct');
const INT = messageCodec('Int');
const VALUE = messageCodec('Value');

const NOTHING = new Uint8Array(0);
/** As in Kong's own traffic. */
const NIL = VALUE.encode({ null_value: 1 });
const ROUTE = messageCodec('Route').encode({
  id: '8bc22979-5907-54ba-bd5d-45db79e71d67',
  name: 'tasks-staging',
  protocols: ['http', 'https'],
  paths: ['/staging'],
  strip_path: true,
  service: { id: 'dea4c45f-3d88-5461-8ebd-05ae5bbbf87a' },
});
const SERVICE = messageCodec('Service').encode({
  id: 'dea4c45f-3d88-5461-8ebd-05ae5bbbf87a',
  name: 'tasks-staging',
  protocol: 'http',
  host: '127.0.0.1',
  port: 4002,
  retries: 5,
});

const text = (v: string) => STRING.encode({ v });
const done: Answer = () => NOTHING;

const ANSWERS: Record<string, Answer> = {
  'kong.client.authenticate': done,
  'kong.client.get_forwarded_ip': () => text('127.0.0.1'),
  'kong.client.get_ip': () => text('127.0.0.1'),
  'kong.ctx.shared.get': (args, _, shared) => shared.get(String(STRING.decode(args).v)) ?? NIL,
  'kong.ctx.shared.set': (args, _, shared) => {
    const { k, v } = KEY_AND_VALUE.decode(args);
    shared.set(String(k), VALUE.encode((v ?? toValue(null)) as Record<string, unknown>));
    return NOTHING;
  },
  'kong.log.err': done,
  'kong.log.notice': done,
  'kong.log.set_serialize_value': done,
  'kong.log.warn': done,
  'kong.nginx.get_var': (args, request) => text(variable(String(STRING.decode(args).v), request)),
  'kong.request.get_header': (args, { headers }) =>
    text(headers[String(STRING.decode(args).v).toLowerCase()] ?? ''),
  'kong.request.get_headers': (_, { headers }) => STRUCT.encode(toStruct(headers)),
  'kong.request.get_forwarded_host': () => text('127.0.0.1'),
  'kong.request.get_forwarded_port': () => INT.encode({ v: 8000 }),
  'kong.request.get_forwarded_scheme': () => text('http'),
  'kong.request.get_host': () => text('127.0.0.1'),
  'kong.request.get_method': (_, { method }) => text(method),
  'kong.request.get_path': (_, { path }) => text(path),
  'kong.response.set_header': done,
  'kong.router.get_route': () => ROUTE,
  'kong.router.get_service': () => SERVICE,
  'kong.service.request.clear_header': done,
  'kong.service.request.set_header': done,
  'kong.service.request.set_headers': done,
};

/** An nginx variable; empty where there is none. */
function variable(name: string, { path, headers }: KongRequest): string {
  if (name === 'request_uri') return path;
  if (!name.startsWith('http_')) return '';
  return headers[name.slice('http_'.length).replaceAll('_', '-')] ?? '';
}

/**
 * Kong's reply to a PDK call, encoded.
 *
 * @throws Error for a function that the three plugins did not call when this was written
 */
export function answerCall(method: string, ...call: Parameters<Answer>): Uint8Array {
  const answer = ANSWERS[method];
  if (answer === undefined) throw new Error(`the client does not play ${method} yet`);
  return answer(...call);
}
