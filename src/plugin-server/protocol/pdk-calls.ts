import { readBodyFile } from './read-body-file.ts';
import { type Fields, messageCodec } from './schema.ts';
import { asText, fromStruct, fromValue, toStruct, toValue } from './value.ts';

/** A PDK function that ProtoBuf:1 carries. */
export interface PdkCallSpec {
  /** As Kong names it, e.g. `kong.request.get_header`. */
  method: string;
  /** The same as bytes. */
  name: Uint8Array;
  /** @throws TypeError for arguments that the function does not take */
  encode(args: readonly unknown[]): Uint8Array;
  /**
   * @returns the value, or Elsewhere
   * @throws Error for a reply that is not one to this function
   */
  decode(reply: Uint8Array): unknown;
}

/** The reply says only where the value is. */
export class Elsewhere {
  /** @throws Error where it is not there */
  readonly fetch: () => Promise<unknown>;

  constructor(fetch: () => Promise<unknown>) {
    this.fetch = fetch;
  }
}

type Encode = (args: readonly unknown[]) => Uint8Array;
type Decode = (reply: Uint8Array) => unknown;

const NOTHING = new Uint8Array(0);

function encoder(message: string, toFields: (args: readonly unknown[]) => Fields): Encode {
  const codec = messageCodec(message);
  return (args) => codec.encode(toFields(args));
}

function decoder(message: string, fromFields: (fields: Fields) => unknown): Decode {
  const codec = messageCodec(message);
  return (reply) => fromFields(codec.decode(reply));
}

function text(args: readonly unknown[], index: number, what: string): string {
  const value = args[index];
  if (typeof value === 'string') return value;
  throw new TypeError(`${what} must be a string, not ${typeName(value)}`);
}

function integer(args: readonly unknown[], index: number, what: string): number {
  const value = args[index];
  if (Number.isInteger(value) && Math.abs(Number(value)) < 2 ** 31) return Number(value);
  throw new TypeError(`${what} must be a 32-bit integer, not ${typeName(value)}`);
}

function record(value: unknown, what: string): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new TypeError(`${what} must be an object, not ${typeName(value)}`);
}

function bytes(value: unknown, what: string): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value);
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`${what} must be a string or bytes, not ${typeName(value)}`);
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : typeof value;
}

/** Kong takes 100 where none is given; 0, which the protocol would send, it refuses. */
const DEFAULT_MOST = 100;

const ARGUMENTS = {
  none: (): Uint8Array => NOTHING,
  string: encoder('String', (args) => ({ v: text(args, 0, 'the argument') })),
  integer: encoder('Int', (args) => ({ v: integer(args, 0, 'the argument') })),
  most: encoder('Int', (args) => ({
    v: args[0] === undefined ? DEFAULT_MOST : integer(args, 0, 'the maximum'),
  })),
  optionalFlag: encoder('Bool', (args) => ({ v: args[0] === true })),
  keyAndValue: encoder('KV', (args) => ({ k: text(args, 0, 'the key'), v: toValue(args[1]) })),
  header: encoder('KV', (args) => ({
    k: text(args, 0, "the header's name"),
    v: toValue(headerValue(args[1])),
  })),
  headers: encoder('Struct', (args) => {
    const headers = record(args[0], 'the headers');
    for (const value of Object.values(headers)) headerValue(value);
    return toStruct(headers);
  }),
  struct: encoder('Struct', (args) => toStruct(record(args[0], 'the argument'))),
  list: encoder('ListValue', (args) => ({ values: args.map((arg) => toValue(arg)) })),
  bytes: encoder('ByteString', (args) => ({ v: bytes(args[0], 'the body') })),
  target: encoder('Target', (args) => ({
    host: text(args, 0, 'the host'),
    port: integer(args, 1, 'the port'),
  })),
  consumerSpec: encoder('ConsumerSpec', (args) => ({
    id: text(args, 0, "the consumer's id"),
    by_username: args[1] === true,
  })),
  authenticate: encoder('AuthenticateArgs', ([consumer, credential]) => ({
    ...(consumer == null ? {} : { consumer: record(consumer, 'the consumer') }),
    ...(credential == null ? {} : { credential: record(credential, 'the credential') }),
  })),
  exit: encoder('ExitArgs', exitArguments),
} satisfies Record<string, Encode>;

/** A body that is an object is sent as JSON, as Kong does where a plugin is written in Lua. */
function exitArguments([status, body, headers]: readonly unknown[]): Fields {
  const given = headers == null ? {} : record(headers, 'the headers');
  const isObject = typeof body === 'object' && body !== null && !(body instanceof Uint8Array);
  const isTyped = Object.keys(given).some((name) => name.toLowerCase() === 'content-type');
  const typed =
    isObject && !isTyped ? { ...given, 'Content-Type': 'application/json; charset=utf-8' } : given;
  return {
    status: integer([status], 0, 'the status'),
    // Kong would answer a missing body with a page of its own.
    body: body == null ? NOTHING : bytes(isObject ? JSON.stringify(body) : body, 'the body'),
    ...(Object.keys(typed).length === 0 ? {} : { headers: toStruct(typed) }),
  };
}

function headerValue(value: unknown): unknown {
  const isText = (item: unknown) => ['string', 'number', 'boolean'].includes(typeof item);
  if (isText(value) || (Array.isArray(value) && value.every(isText))) return value;
  throw new TypeError(
    `a header must be a string, number, boolean or list of those, not ${typeName(value)}`,
  );
}

/** An empty reply stands for Kong's nil. */
function entity(message: string): Decode {
  const codec = messageCodec(message);
  return (reply) => (reply.length === 0 ? null : plain(codec.decode(reply)));
}

function plain(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, plainValue(value)]),
  );
}

function plainValue(value: unknown): unknown {
  if (Array.isArray(value) || value instanceof Uint8Array) return value;
  if (typeof value !== 'object' || value === null) return value;
  // int64 comes as an object of its own.
  return 'toNumber' in value ? Number(value) : plain(value as Fields);
}

const REPLIES = {
  nothing: (): undefined => undefined,
  /** Missing and empty are one here. */
  string: decoder('RawString', ({ v }) => asText(v)),
  integer: decoder('Int', ({ v }) => v ?? 0),
  number: decoder('Number', ({ v }) => v ?? 0),
  flag: decoder('Bool', ({ v }) => v ?? false),
  value: decoder('RawValue', fromValue),
  struct: decoder('RawStruct', fromStruct),
  bytes: decoder('ByteString', ({ v }) => v ?? NOTHING),
  route: entity('Route'),
  service: entity('Service'),
  consumer: entity('Consumer'),
  credential: entity('AuthenticatedCredential'),
  rawBody: decoder('RawBodyResult', rawBody),
  captures: decoder('UriCapturesResult', ({ unnamed = [], named = [] }) => ({
    unnamed: (unnamed as Uint8Array[]).map(asText),
    named: Object.fromEntries(
      (named as { key?: string; value?: Uint8Array }[]).map(({ key = '', value = NOTHING }) => [
        key,
        asText(value),
      ]),
    ),
  })),
} satisfies Record<string, Decode>;

function rawBody(result: Fields): Buffer | Elsewhere {
  if (result.content instanceof Uint8Array) return Buffer.from(result.content);
  const { body_filepath: file } = result;
  if (typeof file === 'string') return new Elsewhere(() => readBodyFile(file));
  if (typeof result.error === 'string') throw new Error("Kong could not read the request's body");
  return Buffer.alloc(0);
}

type Signature = readonly [keyof typeof ARGUMENTS, keyof typeof REPLIES];

const asks = (reply: keyof typeof REPLIES): Signature => ['none', reply];
const LOG: Signature = ['list', 'nothing'];

const SIGNATURES: Record<string, Signature> = {
  'kong.client.get_ip': asks('string'),
  'kong.client.get_forwarded_ip': asks('string'),
  'kong.client.get_port': asks('integer'),
  'kong.client.get_forwarded_port': asks('integer'),
  'kong.client.get_credential': asks('credential'),
  'kong.client.load_consumer': ['consumerSpec', 'consumer'],
  'kong.client.get_consumer': asks('consumer'),
  'kong.client.authenticate': ['authenticate', 'nothing'],
  'kong.client.get_protocol': ['optionalFlag', 'string'],
  'kong.ctx.shared.set': ['keyAndValue', 'nothing'],
  'kong.ctx.shared.get': ['string', 'value'],
  'kong.ip.is_trusted': ['string', 'flag'],
  'kong.log.alert': LOG,
  'kong.log.crit': LOG,
  'kong.log.err': LOG,
  'kong.log.warn': LOG,
  'kong.log.notice': LOG,
  'kong.log.info': LOG,
  'kong.log.debug': LOG,
  'kong.log.set_serialize_value': ['keyAndValue', 'nothing'],
  'kong.log.serialize': asks('string'),
  'kong.nginx.get_var': ['string', 'string'],
  'kong.nginx.get_tls1_version_str': asks('string'),
  'kong.nginx.set_ctx': ['keyAndValue', 'nothing'],
  'kong.nginx.get_ctx': ['string', 'value'],
  'kong.nginx.req_start_time': asks('number'),
  'kong.nginx.get_subsystem': asks('string'),
  'kong.node.get_id': asks('string'),
  'kong.request.get_scheme': asks('string'),
  'kong.request.get_host': asks('string'),
  'kong.request.get_port': asks('integer'),
  'kong.request.get_forwarded_scheme': asks('string'),
  'kong.request.get_forwarded_host': asks('string'),
  'kong.request.get_forwarded_port': asks('integer'),
  'kong.request.get_http_version': asks('number'),
  'kong.request.get_method': asks('string'),
  'kong.request.get_path': asks('string'),
  'kong.request.get_path_with_query': asks('string'),
  'kong.request.get_raw_query': asks('string'),
  'kong.request.get_query_arg': ['string', 'string'],
  'kong.request.get_query': ['most', 'struct'],
  'kong.request.get_header': ['string', 'string'],
  'kong.request.get_headers': ['most', 'struct'],
  'kong.request.get_raw_body': asks('rawBody'),
  'kong.request.get_uri_captures': asks('captures'),
  'kong.response.get_status': asks('integer'),
  'kong.response.get_header': ['string', 'string'],
  'kong.response.get_headers': ['most', 'struct'],
  'kong.response.get_source': asks('string'),
  'kong.response.set_status': ['integer', 'nothing'],
  'kong.response.set_header': ['header', 'nothing'],
  'kong.response.add_header': ['header', 'nothing'],
  'kong.response.clear_header': ['string', 'nothing'],
  'kong.response.set_headers': ['headers', 'nothing'],
  'kong.response.exit': ['exit', 'nothing'],
  'kong.router.get_route': asks('route'),
  'kong.router.get_service': asks('service'),
  'kong.service.set_upstream': ['string', 'nothing'],
  'kong.service.set_target': ['target', 'nothing'],
  'kong.service.request.set_scheme': ['string', 'nothing'],
  'kong.service.request.set_path': ['string', 'nothing'],
  'kong.service.request.set_raw_query': ['string', 'nothing'],
  'kong.service.request.set_method': ['string', 'nothing'],
  'kong.service.request.set_query': ['struct', 'nothing'],
  'kong.service.request.set_header': ['header', 'nothing'],
  'kong.service.request.add_header': ['header', 'nothing'],
  'kong.service.request.clear_header': ['string', 'nothing'],
  'kong.service.request.set_headers': ['headers', 'nothing'],
  'kong.service.request.set_raw_body': ['bytes', 'nothing'],
  'kong.service.response.get_status': asks('integer'),
  'kong.service.response.get_header': ['string', 'string'],
  'kong.service.response.get_headers': ['most', 'struct'],
  'kong.service.response.get_raw_body': asks('bytes'),
};

export const EXIT_METHOD = 'kong.response.exit';

/** Every PDK function that a plugin may call over ProtoBuf:1, by Kong's name for it. */
export const PDK_CALLS: ReadonlyMap<string, PdkCallSpec> = new Map(
  Object.entries(SIGNATURES).map(([method, [args, reply]]) => [
    method,
    { method, name: Buffer.from(method), encode: ARGUMENTS[args], decode: REPLIES[reply] },
  ]),
);

export function pdkCall(method: string): PdkCallSpec {
  const spec = PDK_CALLS.get(method);
  if (spec === undefined) throw new Error(`${method} is not part of ProtoBuf:1`);
  return spec;
}
