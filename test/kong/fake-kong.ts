import type { KongPdk } from '../../src/kong/pdk.ts';

export interface FakeRequest {
  method?: string;
  path?: string;
  /** nginx variables by name. */
  variables?: Record<string, string>;
  shared?: Record<string, unknown>;
  route?: { id: string; name?: string; preserve_host?: boolean; hosts?: string[] };
  service?: { name?: string; host?: string; protocol?: string };
  /** All headers, for a host that is pipelined. */
  headers?: Record<string, unknown>;
  body?: unknown;
  response?: { status: number; source: string; headers?: Record<string, string> };
  /** The plugin that Kong means to run. */
  pluginId?: string;
}

export const PLUGIN_ID = 'ddc13005-f702-5677-a173-ea0b2fe78e50';

export type Call = [method: string, ...args: unknown[]];

/** A PDK that answers from plain data, keeps every call in order and, like Kong, never answers after an exit. */
export function fakeKong(
  request: FakeRequest = {},
  faults: Record<string, Error | 'silence'> = {},
) {
  const calls: Call[] = [];
  const shared: Record<string, unknown> = { ...request.shared };
  let exited = false;

  async function answer(method: string, args: unknown[], value: () => unknown): Promise<never> {
    calls.push([method, ...args]);
    if (exited) throw new Error(`${method} was called after the exit`);
    const fault = faults[method];
    if (fault === 'silence') await new Promise(() => {});
    if (fault instanceof Error) throw fault;
    return value() as never;
  }

  const kong: KongPdk = {
    request: {
      getHeaders: (most) => answer('get_headers', [most], () => request.headers ?? {}),
      getMethod: () => answer('get_method', [], () => request.method),
      getPath: () => answer('get_path', [], () => request.path),
      getHost: () => answer('get_host', [], () => 'gateway.example'),
      getForwardedScheme: () => answer('get_forwarded_scheme', [], () => 'https'),
      getForwardedHost: () => answer('get_forwarded_host', [], () => 'api.example.com'),
      getForwardedPort: () => answer('get_forwarded_port', [], () => 443),
      getRawBody: () => answer('get_raw_body', [], () => request.body),
    },
    plugin: { getId: () => answer('plugin.get_id', [], () => request.pluginId ?? PLUGIN_ID) },
    client: {
      getIp: () => answer('get_ip', [], () => '192.0.2.1'),
      getForwardedIp: () => answer('get_forwarded_ip', [], () => '192.0.2.7'),
      authenticate: (consumer) => answer('authenticate', [consumer], () => undefined),
    },
    router: {
      getRoute: () => answer('get_route', [], () => request.route),
      getService: () => answer('get_service', [], () => request.service),
    },
    nginx: { getVar: (name) => answer('get_var', [name], () => request.variables?.[name]) },
    ctx: {
      shared: {
        get: (key) => answer('shared.get', [key], () => shared[key]),
        set: (key, value) =>
          answer('shared.set', [key, value], () => {
            shared[key] = value;
          }),
      },
    },
    service: {
      request: {
        setHeaders: (headers) => answer('set_headers', [headers], () => undefined),
        clearHeader: (name) => answer('clear_header', [name], () => undefined),
      },
    },
    log: {
      err: (message) => answer('log.err', [message], () => undefined),
      setSerializeValue: (key, value) =>
        answer('set_serialize_value', [key, value], () => undefined),
    },
    response: {
      getStatus: () => answer('response.get_status', [], () => request.response?.status ?? 200),
      getSource: () => answer('response.get_source', [], () => request.response?.source),
      getHeader: (name) =>
        answer('response.get_header', [name], () => request.response?.headers?.[name]),
      setHeader: (name, value) => answer('response.set_header', [name, value], () => undefined),
      exit(status, body, headers) {
        calls.push(['exit', status, body, headers]);
        exited = true;
        return Promise.resolve();
      },
    },
  };
  return { kong, calls, shared };
}

export function exitOf(calls: readonly Call[]) {
  const exits = calls.filter(([method]) => method === 'exit');
  const [, status, body, headers] = exits[0] ?? [];
  return {
    count: exits.length,
    status,
    body: body === undefined ? undefined : JSON.parse(String(body)),
    headers: headers as Record<string, string> | undefined,
  };
}

/** The same, as our own plugin server gives it. */
export function fakePipelinedKong(
  request: FakeRequest = {},
  faults: Record<string, Error | 'silence'> = {},
) {
  const fake = fakeKong(request, faults);
  const pluginServer = { pipelined: true };
  return { ...fake, kong: { ...fake.kong, pluginServer } };
}
