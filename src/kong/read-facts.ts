import { Malfunction } from '../core/malfunction.ts';
import type { Attribute, RequestFacts, RequestNeeds } from '../core/request.ts';
import { readVerdict } from './handoff.ts';
import type { KongPdk } from './pdk.ts';

const READERS: { [A in Attribute]: (kong: KongPdk) => Promise<NonNullable<RequestFacts[A]>> } = {
  method: async (kong) => text('method', await kong.request.getMethod()),
  path: async (kong) => text('path', await kong.request.getPath()),
  request_uri: async (kong) => text('request_uri', await kong.nginx.getVar('request_uri')),
  host: async (kong) => text('host', await kong.request.getHost()),
  client_ip: async (kong) => text('client_ip', await kong.client.getForwardedIp()),
  route: async (kong) => {
    const route = await kong.router.getRoute();
    return { id: text('route id', route?.id), name: optionalText(route?.name) };
  },
  service: async (kong) => {
    const service = await kong.router.getService();
    return { name: optionalText(service?.name), host: text('service host', service?.host) };
  },
};

/**
 * Fetches what a stage needs, one call after another: the stock plugin server answers one call at a time.
 *
 * @throws Malfunction where Kong's answer is not usable, or the signal's reason once that is aborted
 */
export async function readFacts(
  kong: KongPdk,
  needs: RequestNeeds,
  signal: AbortSignal,
): Promise<RequestFacts> {
  const facts: RequestFacts = { handoff: {}, headers: {} };
  for (const key of needs.handoff) {
    signal.throwIfAborted();
    const verdict = readVerdict(key, await kong.ctx.shared.get(key));
    if (verdict !== undefined) Object.assign(facts.handoff ?? {}, { [key]: verdict });
  }
  for (const name of needs.headers) {
    signal.throwIfAborted();
    const value = await kong.nginx.getVar(headerVariable(name));
    // An empty header is there too: an upstream would see it.
    if (typeof value === 'string') Object.assign(facts.headers ?? {}, { [name]: value });
  }
  for (const attribute of needs.attributes) {
    signal.throwIfAborted();
    Object.assign(facts, { [attribute]: await READERS[attribute](kong) });
  }
  return facts;
}

/** nginx's `$http_name` finds a header with `-` and `_` taken for the same character (ngx_http_variables). */
function headerVariable(name: string): string {
  return `http_${name.toLowerCase().replaceAll('-', '_')}`;
}

function optionalText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function text(what: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new Malfunction(`Kong gave no ${what}`);
  return value;
}
