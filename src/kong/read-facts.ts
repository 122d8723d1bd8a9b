import { foldHeaderName } from '../core/fold-header-name.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { Malfunction } from '../core/malfunction.ts';
import { preservedHost } from '../core/preserved-host.ts';
import type { Refusal } from '../core/refusal.ts';
import type { Attribute, HandoffKey, RequestFacts, RequestNeeds } from '../core/request.ts';
import { readVerdict } from './handoff.ts';
import { isPipelined } from './is-pipelined.ts';
import type { KongPdk } from './pdk.ts';

const READERS: { [A in Attribute]: (kong: KongPdk) => Promise<NonNullable<RequestFacts[A]>> } = {
  method: async (kong) => text('method', await kong.request.getMethod()),
  path: async (kong) => text('path', await kong.request.getPath()),
  request_uri: async (kong) => text('request_uri', await kong.nginx.getVar('request_uri')),
  host: async (kong) => {
    const { request, nginx } = kong;
    const [host, header] = await askAll(kong, [
      () => request.getHost(),
      () => nginx.getVar('http_host'),
    ]);
    return oneHost(text('host', host), optional(header));
  },
  traceparent: async (kong) => optional(await kong.nginx.getVar('http_traceparent')),
  cloud_trace_context: async (kong) =>
    optional(await kong.nginx.getVar('http_x_cloud_trace_context')),
  forwarded_origin: async (kong) => {
    const { request, nginx } = kong;
    const [scheme, host, port, own, header] = await askAll(kong, [
      () => request.getForwardedScheme(),
      () => request.getForwardedHost(),
      () => request.getForwardedPort(),
      () => request.getHost(),
      () => nginx.getVar('http_host'),
    ]);
    oneHost(text('host', own), optional(header));
    // A proxy may have sent anything; what makes no origin is for whoever compares it to refuse.
    return `${scheme ?? ''}://${host ?? ''}:${port ?? ''}`;
  },
  client_ip: async (kong) => text('client_ip', await kong.client.getForwardedIp()),
  peer_ip: async (kong) => text('peer_ip', await kong.client.getIp()),
  client_certificate: async (kong) => optional(await kong.nginx.getVar('ssl_client_escaped_cert')),
  raw_body: async (kong) => {
    try {
      const body = await kong.request.getRawBody();
      if (body instanceof Uint8Array) return { text: Buffer.from(body).toString('latin1') };
      // The stock plugin server decodes UTF-8, and what is none is damaged for good.
      return typeof body === 'string' && !isDamaged(body)
        ? { text: Buffer.from(body).toString('latin1') }
        : { problem: 'unreadable' };
    } catch {
      // Kong holds a body in a file from 8 KB on (client_body_buffer_size), and not every host can read that.
      return { problem: 'unreadable' };
    }
  },
  route: async (kong) => {
    const route = await kong.router.getRoute();
    return { id: text('route id', route?.id), name: optionalText(route?.name) };
  },
  preserved_host: async (kong) => {
    const { preserve_host, hosts } = (await kong.router.getRoute()) ?? {};
    return preservedHost(preserve_host === true, Array.isArray(hosts) ? hosts.map(String) : []);
  },
  service: async (kong) => {
    const service = await kong.router.getService();
    return {
      name: optionalText(service?.name),
      host: text('service host', service?.host),
      protocol: text('service protocol', service?.protocol),
    };
  },
};

/** Asks several things: at once where calls travel together, else in turn. */
async function askAll(
  kong: KongPdk,
  questions: readonly (() => Promise<unknown>)[],
): Promise<unknown[]> {
  if (isPipelined(kong)) return Promise.all(questions.map((ask) => ask()));
  const answers: unknown[] = [];
  for (const ask of questions) answers.push(await ask());
  return answers;
}

/** What Kong gives at most, and nginx may hold more: then one of those left out might be what matters. */
const MOST_HEADERS = 1000;
/** Some upstreams, those on Node.js among them, read 1,000 lines: what the chain and Kong add must be among those. */
const MOST_LINES = 950;

/** The request itself is at fault, which the client is told. */
class RequestFault extends Error {
  readonly refusal: Refusal;

  constructor(detail: string) {
    super(detail);
    this.refusal = { code: 'invalid_request', detail };
  }
}

/**
 * Kong routes by the Host header, while nginx, and what Kong tells of it, prefers the host of an absolute request target
 * (RFC 9112 §3.2.2). What is decided about one must not be done to the other.
 *
 * @param header of Host, with the port where it has one; empty where there is none
 */
function oneHost(host: string, header: string): string {
  const named = header.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
  if (named !== '' && named !== host.toLowerCase().replace(/\.$/, '')) {
    throw new RequestFault('Refused because its target and its Host header name two hosts.');
  }
  return host;
}

export type Reading = { facts: RequestFacts } | { refusal: Refusal };

/**
 * Fetches what a stage needs: over our own plugin server in one batch, over the stock one call after call, because that
 * answers one at a time.
 *
 * @returns a refusal where the request itself is at fault
 * @throws Malfunction where Kong's answer is not usable, or the signal's reason once that is aborted
 */
export async function readFacts(
  kong: KongPdk,
  needs: RequestNeeds,
  signal: AbortSignal,
): Promise<Reading> {
  try {
    return isPipelined(kong)
      ? await readTogether(kong, needs)
      : { facts: await readInTurn(kong, needs, signal) };
  } catch (error) {
    if (error instanceof RequestFault) return { refusal: error.refusal };
    throw error;
  }
}

async function readTogether(kong: KongPdk, needs: RequestNeeds): Promise<Reading> {
  const wanted = [...needs.attributes, ...(needs.with_header?.attributes ?? [])];
  const [headers, verdicts, attributes] = await Promise.all([
    needs.headers.length > 0 ? kong.request.getHeaders(MOST_HEADERS) : {},
    Promise.all(needs.handoff.map((key) => kong.ctx.shared.get(key))),
    Promise.all(wanted.map((attribute) => READERS[attribute](kong))),
  ]);
  if (!isJsonObject(headers)) throw new Malfunction('Kong gave no headers');
  if (lines(headers) > MOST_LINES) {
    return { refusal: { code: 'invalid_request', detail: 'Refused because of too many headers.' } };
  }
  const picked = pickHeaders(headers, needs);
  if (Object.values(picked).some(isDamaged)) {
    return {
      refusal: { code: 'invalid_request', detail: 'Refused because a header is not UTF-8.' },
    };
  }
  const facts: RequestFacts = { handoff: {}, headers: picked };
  needs.handoff.forEach((key, index) => {
    setVerdict(facts, key, verdicts[index]);
  });
  wanted.forEach((attribute, index) => {
    Object.assign(facts, { [attribute]: attributes[index] });
  });
  return { facts };
}

/** Bytes that are not UTF-8 arrive as U+FFFD, while the upstream gets what the client sent. */
function isDamaged(text: string): boolean {
  return text.includes('\ufffd');
}

function lines(headers: JsonObject): number {
  return Object.values(headers).reduce<number>(
    (count, value) => count + (Array.isArray(value) ? value.length : 1),
    0,
  );
}

function pickHeaders(
  headers: JsonObject,
  { headers: names, exact_headers = [] }: RequestNeeds,
): Record<string, string> {
  const wanted = new Map<string, string[]>();
  for (const name of names) {
    const folded = foldHeaderName(name);
    // Somebody may ask for `x-user` and somebody for `x_user`: to both it is the same header.
    wanted.set(folded, [...(wanted.get(folded) ?? []), name]);
  }
  const picked: Record<string, string> = {};
  for (const [spelling, value] of Object.entries(headers)) {
    for (const name of wanted.get(foldHeaderName(spelling)) ?? []) {
      if (exact_headers.includes(name) && spelling.toLowerCase() !== name) continue;
      const values = Array.isArray(value) ? [...value] : [value];
      if (Object.hasOwn(picked, name)) values.unshift(picked[name] ?? '');
      Object.assign(picked, { [name]: values.join(', ') });
    }
  }
  return picked;
}

async function readInTurn(
  kong: KongPdk,
  needs: RequestNeeds,
  signal: AbortSignal,
): Promise<RequestFacts> {
  const facts: RequestFacts = { handoff: {}, headers: {} };
  for (const key of needs.handoff) {
    signal.throwIfAborted();
    setVerdict(facts, key, await kong.ctx.shared.get(key));
  }
  for (const name of needs.headers) {
    signal.throwIfAborted();
    const value = await kong.nginx.getVar(headerVariable(name));
    // An empty header is there too: an upstream would see it.
    if (typeof value === 'string') Object.assign(facts.headers ?? {}, { [name]: value });
  }
  const { header, attributes: more = [] } = needs.with_header ?? {};
  const hasHeader = header !== undefined && Object.hasOwn(facts.headers ?? {}, header);
  for (const attribute of hasHeader ? [...needs.attributes, ...more] : needs.attributes) {
    signal.throwIfAborted();
    Object.assign(facts, { [attribute]: await READERS[attribute](kong) });
  }
  return facts;
}

function setVerdict(facts: RequestFacts, key: HandoffKey, value: unknown): void {
  const verdict = readVerdict(key, value);
  if (verdict !== undefined) Object.assign(facts.handoff ?? {}, { [key]: verdict });
}

/** nginx's `$http_name` finds a header with `-` and `_` taken for the same character (ngx_http_variables). */
function headerVariable(name: string): string {
  return `http_${name.toLowerCase().replaceAll('-', '_')}`;
}

function optional(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function optionalText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function text(what: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new Malfunction(`Kong gave no ${what}`);
  return value;
}
