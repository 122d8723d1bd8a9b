import { DEFAULT_WORKSPACE } from '../config/ids.ts';
import { LuaError } from '../lua/lua-error.ts';
import { field, isTable, type LuaTable, type LuaValue } from '../lua/value.ts';
import type { Exchange } from './exchange.ts';
import { parseQuery } from './query.ts';

type Entry = Map<string | number, LuaValue>;

/**
 * What `kong.log.serialize()` gives to log plugins once the response is sent.
 *
 * @throws LuaError when a value of `kong.log.set_serialize_value` does not fit into the entry
 */
export function logEntry(exchange: Exchange): Entry {
  const { incoming } = exchange;
  const entry = table({
    request: request(exchange),
    upstream_uri: upstreamUri(exchange),
    upstream_status: exchange.upstreamStatus ?? '',
    response: table({
      status: exchange.status,
      headers: exchange.sentHeaders.toTable(),
      size: exchange.responseBytes,
    }),
    latencies: latencies(exchange),
    tries: exchange.match === undefined ? undefined : exchange.tries.map(attempt),
    authenticated_entity: exchange.credential && authenticatedEntity(exchange.credential),
    route: exchange.match && structuredClone(exchange.match.route.table),
    service: exchange.match?.route.service && structuredClone(exchange.match.route.service.table),
    consumer: exchange.consumer && structuredClone(exchange.consumer),
    client_ip: incoming.remote.ip,
    started_at: incoming.startedAt,
    source:
      exchange.isProxied && !exchange.isUnexpected && !exchange.isExited ? 'upstream' : 'kong',
    workspace: DEFAULT_WORKSPACE,
    workspace_name: 'default',
  });
  for (const edit of exchange.serializeValues) applyEdit(entry, edit);
  return entry;
}

function table(members: Record<string, LuaValue>): Entry {
  return new Map(Object.entries(members).filter(([, value]) => value !== undefined));
}

function request(exchange: Exchange): Entry {
  const { incoming } = exchange;
  const headers = exchange.headers.toTable();
  for (const secret of ['authorization', 'proxy-authorization']) {
    if (headers.has(secret)) headers.set(secret, 'REDACTED');
  }
  return table({
    id: exchange.kongRequestId,
    uri: incoming.uri,
    url: `${incoming.scheme}://${incoming.host}:${incoming.server.port}${incoming.uri}`,
    querystring: parseQuery(exchange.args ?? ''),
    method: exchange.method,
    headers,
    size: exchange.requestBytes,
    tls:
      incoming.tls &&
      table({
        version: incoming.tls.protocol,
        cipher: incoming.tls.cipher,
        client_verify: incoming.tls.clientVerify,
      }),
  });
}

function upstreamUri({ upstreamUri, args, incoming }: Exchange): string {
  if (upstreamUri === '' || upstreamUri.includes('?')) return upstreamUri;
  if (incoming.uri.endsWith('?')) return `${upstreamUri}?`;
  return args === undefined || args === '' ? upstreamUri : `${upstreamUri}?${args}`;
}

/** `kong` is Kong's own time before the upstream answered, `proxy` the time until it answered. */
function latencies(exchange: Exchange): Entry {
  const { incoming, accessEndedAt, responseStartedAt } = exchange;
  const endedAt = exchange.endedAt ?? Date.now();
  const isProxied = exchange.isProxied && accessEndedAt !== undefined;
  const answeredAt = responseStartedAt ?? endedAt;
  return table({
    kong: (isProxied ? accessEndedAt : answeredAt) - incoming.startedAt,
    proxy: isProxied ? answeredAt - accessEndedAt : -1,
    request: endedAt - incoming.startedAt,
    receive: isProxied ? endedAt - answeredAt : 0,
  });
}

function attempt(tried: Exchange['tries'][number]): Entry {
  return table({ ...tried });
}

function authenticatedEntity(credential: LuaTable): Entry {
  return table({ id: field(credential, 'id'), consumer_id: field(credential, 'consumer_id') });
}

/** `set`, `add` (where nothing is) or `replace` (where something is) a value at a dotted key. */
function applyEdit(entry: Entry, edit: Exchange['serializeValues'][number]): void {
  const steps = edit.key.split('.');
  const last = steps.pop() ?? '';
  let node: LuaValue = entry;
  for (const step of steps) {
    if (!(node instanceof Map)) return;
    const next: LuaValue = node.get(step);
    if (next !== undefined && !isTable(next)) {
      throw new LuaError(
        `The key '${edit.key}' could not be used as a serialize value. Subkey '${step}' is not a table. It's ${String(next)}`,
      );
    }
    if (next === undefined) {
      if (edit.mode === 'replace') return;
      node.set(step, new Map());
    }
    node = node.get(step);
  }
  if (!(node instanceof Map)) return;
  const isThere = node.get(last) !== undefined;
  if (edit.mode === 'set' || (edit.mode === 'add') !== isThere) {
    if (edit.value === undefined) node.delete(last);
    else node.set(last, structuredClone(edit.value));
  }
}
