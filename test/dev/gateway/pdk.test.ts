import { afterEach, describe, expect, it } from 'vitest';
import { pluginEntry } from './support/plugin-info.ts';
import { type RawResponse, request, sendRaw } from './support/raw-request.ts';
import {
  type Call,
  type Script,
  type ScriptedPlugin,
  startScriptedPlugin,
} from './support/scripted-plugin.ts';
import { start, type TestGateway } from './support/start.ts';
import { startUpstream, type Upstream, valuesOf } from './support/upstream.ts';
import { waitFor } from './support/wait-for.ts';

interface Setup {
  upstream: Upstream;
  plugin: ScriptedPlugin;
  gateway: TestGateway;
}

const running: Setup[] = [];

afterEach(async () => {
  for (const { gateway, plugin, upstream } of running.splice(0)) {
    await gateway.stop();
    await plugin.stop();
    await upstream.stop();
  }
});

async function setUp(script: Script): Promise<Setup> {
  const upstream = await startUpstream();
  const plugin = await startScriptedPlugin(script);
  const gateway = await start({
    config: `
_format_version: "3.0"
services:
- name: up
  url: http://127.0.0.1:${upstream.port}
  routes:
  - {name: r, paths: [/r], plugins: [{name: probe}]}
  - {name: re, paths: ["~/users/(?<id>[0-9]+)"], plugins: [{name: probe}]}
consumers:
- {username: alice, custom_id: "42"}
`,
    pluginServers: [pluginEntry(plugin.socket)],
    environment: { MY_SECRET: 's3cr3t' },
  });
  const setup = { upstream, plugin, gateway };
  running.push(setup);
  return setup;
}

/** Runs calls in the access phase of a request. */
async function run(
  calls: Call[],
  bytes = request('GET /r'),
): Promise<Setup & { response: RawResponse; replies: unknown[] }> {
  const setup = await setUp({ access: calls });
  const response = await sendRaw(setup.gateway.port, bytes);
  return { ...setup, response, replies: setup.plugin.replies };
}

describe('kong.request', () => {
  it('shows a header sent with an underscore under its dashed name, but not the other way round', async () => {
    const names: Call[] = ['x-a', 'x_a', 'x-b', 'x_b'].map((name) => [
      'kong.request.get_header',
      name,
    ]);
    const { replies } = await run(
      names,
      request('GET /r', [
        ['x_a', 'under'],
        ['x-b', 'dash'],
      ]),
    );
    expect(replies).toEqual(['under', 'under', 'dash', 'dash']);
    const all = await run([['kong.request.get_headers']], request('GET /r', [['x_a', 'under']]));
    expect(all.replies[0]).toMatchObject({ x_a: ['under'] });
  });

  it('gives the first of several headers, whole when it is one with commas', async () => {
    const { replies } = await run(
      [
        ['kong.request.get_header', 'x-a'],
        ['kong.request.get_header', 'x-b'],
        ['kong.request.get_header', 'x-c'],
      ],
      request('GET /r', [
        ['X-A', '1'],
        ['X-A', '2'],
        ['X-B', '1, 2'],
        ['X-C', ''],
      ]),
    );
    expect(replies).toEqual(['1', '1, 2', '']);
  });

  it('reads at most so many headers', async () => {
    const { replies } = await run(
      [['kong.request.get_headers', 2]],
      request('GET /r', [
        ['A', '1'],
        ['B', '2'],
      ]),
    );
    expect(replies).toEqual([{ host: ['localhost'], a: ['1'] }]);
  });

  it('gives queries as lists, and an empty map for none', async () => {
    const queries: Call[] = [['kong.request.get_query'], ['kong.request.get_query_arg', 'a']];
    const some = await run(queries, request('GET /r?a=1&a=2&b&c=&%64=x+y'));
    expect(some.replies).toEqual([{ a: ['1', '2'], b: [], c: [''], d: ['x y'] }, '1']);
    expect((await run(queries)).replies).toEqual([{}, undefined]);
  });

  it('tells the normalised path and the raw one', async () => {
    const { replies } = await run(
      [
        ['kong.request.get_path'],
        ['kong.request.get_raw_path'],
        ['kong.request.get_path_with_query'],
      ],
      request('GET /r//a/%2e%2e/%61?b'),
    );
    expect(replies).toEqual(['/r/a', '/r//a/%2e%2e/%61', '/r//a/%2e%2e/%61?b']);
  });

  it('gives captures of the route', async () => {
    const { replies } = await run([['kong.request.get_uri_captures']], request('GET /users/12'));
    expect(replies).toEqual([{ named: { id: '12' }, unnamed: { 0: '/users/12', 1: '12' } }]);
  });

  it('reads a small body as binary and cannot read one that nginx put into a file', async () => {
    const body = (length: number) =>
      run(
        [['kong.request.get_raw_body'], ['kong.request.get_method']],
        request('POST /r', [['Content-Length', String(length)]], '\xff'.repeat(length)),
      );
    const small = await body(9000);
    expect(small.replies[0]).toEqual(Buffer.alloc(9000, 0xff));
    expect(small.upstream.seen[0]?.body).toHaveLength(9000);
    const large = await body(20_000);
    expect(large.response.status).toBe(500);
    expect(large.upstream.seen).toEqual([]);
  });

  it('reads a large body when a size is allowed', async () => {
    const { replies } = await run(
      [['kong.request.get_raw_body', 100_000]],
      request('POST /r', [['Content-Length', '20000']], 'a'.repeat(20_000)),
    );
    expect(replies[0]).toHaveLength(20_000);
  });
});

describe('kong.response.exit and error', () => {
  const exit = async (...calls: Call[]) => (await run(calls)).response;

  it('answers with status, body and headers, and the upstream sees nothing', async () => {
    const { response, upstream } = await run([
      [
        'kong.response.exit',
        403,
        '{"no":1}',
        { 'content-type': 'application/problem+json', 'x-list': ['a', 'b'] },
      ],
      ['kong.request.get_method'],
    ]);
    expect([response.status, response.body]).toEqual([403, '{"no":1}']);
    expect(response.header('content-type')).toBe('application/problem+json');
    expect(response.headers.filter(([name]) => name.toLowerCase() === 'x-list')).toHaveLength(2);
    expect(response.header('server')).toBe('kong/3.9.3');
    expect(response.header('x-kong-response-latency')).toMatch(/^\d+$/);
    expect(response.header('via')).toBeUndefined();
    expect(upstream.seen).toEqual([]);
  });

  it('hears nothing more of the plugin after an exit', async () => {
    const { plugin, response } = await run([
      ['kong.response.exit', 200, 'x'],
      ['kong.request.get_method'],
    ]);
    expect(response.status).toBe(200);
    expect(plugin.received.filter(({ method }) => method.startsWith('plugin.Step'))).toEqual([]);
  });

  it('adds to headers set before and replaces those of the same name', async () => {
    const response = await exit(
      ['kong.response.set_header', 'x-before', '1'],
      ['kong.response.set_header', 'x-both', '1'],
      ['kong.response.exit', 403, 'x', { 'X-Both': '2' }],
    );
    expect([response.header('x-before'), response.header('x-both')]).toEqual(['1', '2']);
  });

  it('encodes a table as JSON', async () => {
    const response = await exit([
      'kong.response.exit',
      200,
      { message: 'hi', list: [1, null, 2], none: null },
    ]);
    expect(response.header('content-type')).toBe('application/json; charset=utf-8');
    expect(response.json()).toEqual({ message: 'hi', list: [1, null, 2] });
  });

  it('gives an empty body for an empty string and a page of nginx for none', async () => {
    expect((await exit(['kong.response.exit', 403, ''])).body).toBe('');
    const page = await exit(['kong.response.exit', 401, null, { 'WWW-Authenticate': 'Bearer' }]);
    // A nil in the middle of the arguments ends them: the headers are lost.
    expect(page.header('www-authenticate')).toBeUndefined();
    expect(page.header('content-type')).toBe('text/html; charset=UTF-8');
    expect(page.body).toContain('<h1>401 Authorization Required</h1>');
  });

  it('lets Kong word the error for statuses that nginx hands over', async () => {
    const response = await exit(['kong.response.exit', 404]);
    expect(response.body).toMatch(/^Not found\nrequest_id: /);
    expect((await exit(['kong.response.exit', 204])).body).toBe('');
  });

  it('keeps the last of several WWW-Authenticate headers, as nginx does', async () => {
    const response = await exit([
      'kong.response.exit',
      401,
      '',
      { 'WWW-Authenticate': ['A', 'B'] },
    ]);
    expect(response.headers.filter(([name]) => name === 'WWW-Authenticate')).toEqual([
      ['WWW-Authenticate', 'B'],
    ]);
  });

  it('does not let a header value break out of its line', async () => {
    const response = await exit(['kong.response.exit', 200, '', { 'x-a': 'a\r\nx-evil: 1' }]);
    expect(response.header('x-a')).toBe('a%0D%0Ax-evil: 1');
    expect(response.header('x-evil')).toBeUndefined();
  });

  it('answers 500 for a table that JSON cannot hold', async () => {
    const holes = Array.from({ length: 50 }, (_, index) => (index === 49 ? 'x' : null));
    expect((await exit(['kong.response.exit', 200, holes])).status).toBe(500);
  });

  it('words an error for what the client accepts', async () => {
    const { response } = await run(
      [['kong.response.error', 503, 'nope', { 'retry-after': '5' }]],
      request('GET /r', [['Accept', 'text/html']]),
    );
    expect(response.status).toBe(503);
    expect(response.header('retry-after')).toBe('5');
    expect(response.body).toContain('<p>nope.</p>');
  });

  it.each<[string, Call]>([
    ['a status that is no number', ['kong.response.exit', 'x']],
    ['a status out of range', ['kong.response.exit', 600]],
    ['a body that is neither text nor table', ['kong.response.exit', 200, 5]],
    ['headers that are no table', ['kong.response.exit', 200, '', 'x']],
    ['an error with a status below 400', ['kong.response.error', 200]],
    [
      'an error in a type that Kong has no words for',
      ['kong.response.error', 400, 'x', { 'Content-Type': 'application/problem+json' }],
    ],
    ['a header without a value', ['kong.response.set_header', 'x']],
    ['a header name that is no text', ['kong.service.request.set_header', 1, 'x']],
    ['a maximum below 1', ['kong.request.get_headers', 0]],
    ['a header to read that is no text', ['kong.request.get_header', 1]],
    ['a function of the log phase', ['kong.log.serialize']],
    ['the status before there is one', ['kong.response.get_status']],
    ['neither consumer nor credential', ['kong.client.authenticate']],
    ['a group of functions', ['kong.request']],
    ['a function that this gateway lacks', ['kong.service.set_target', 'a', 1]],
  ])('answers 500 for %s', async (_, call) => {
    const { response, upstream, gateway } = await run([call]);
    expect(response.status).toBe(500);
    expect(upstream.seen).toEqual([]);
    expect(gateway.lines[0]).toMatch(/^\[err\] \[probe\] /);
  });

  it('goes on after a function that nobody knows', async () => {
    const { response, replies, gateway } = await run([
      ['kong.nope.nope'],
      ['kong.request.get_method'],
    ]);
    expect(response.status).toBe(200);
    expect(replies).toEqual([undefined, 'GET']);
    expect(gateway.lines).toEqual(['[err] [probe] could not find pdk method: kong.nope.nope']);
  });
});

describe('kong.service.request', () => {
  const upstreamAfter = async (calls: Call[], bytes?: string) =>
    (await run(calls, bytes)).upstream.seen[0];

  it('sets, adds and clears headers for the upstream', async () => {
    const seen = await upstreamAfter(
      [
        ['kong.service.request.set_header', 'x-set', 'new'],
        [
          'kong.service.request.set_headers',
          { 'x-list': ['1', '2'], 'x-number': 5, 'x-true': true },
        ],
        ['kong.service.request.add_header', 'x-add', 'two'],
        ['kong.service.request.clear_header', 'x-clear'],
      ],
      request('GET /r', [
        ['X-Set', 'old'],
        ['X-Set', 'older'],
        ['X-Add', 'one'],
        ['X-Clear', 'gone'],
        ['x_clear', 'stays'],
      ]),
    );
    expect(valuesOf(seen, 'x-set')).toEqual(['new']);
    expect(valuesOf(seen, 'x-list')).toEqual(['1', '2']);
    expect([valuesOf(seen, 'x-number'), valuesOf(seen, 'x-true')]).toEqual([['5'], ['true']]);
    expect(valuesOf(seen, 'x-add')).toEqual(['one', 'two']);
    expect(valuesOf(seen, 'x-clear')).toEqual([]);
    expect(valuesOf(seen, 'x_clear')).toEqual(['stays']);
  });

  it('changes host, path, query, method and body', async () => {
    const seen = await upstreamAfter([
      ['kong.service.request.set_header', 'Host', 'other.example'],
      ['kong.service.request.set_path', '/new path'],
      ['kong.service.request.set_query', { b: 'x y', a: true, c: ['1', '2'] }],
      ['kong.service.request.set_method', 'PUT'],
      ['kong.service.request.set_raw_body', 'hello'],
    ]);
    expect([seen?.method, seen?.url, seen?.body]).toEqual([
      'PUT',
      '/new%20path?a&b=x%20y&c=1&c=2',
      'hello',
    ]);
    expect(valuesOf(seen, 'host')).toEqual(['other.example']);
    expect(valuesOf(seen, 'content-length')).toEqual(['5']);
  });
});

describe('what cannot be sent', () => {
  it('is left out or escaped, and does no harm', async () => {
    const { response, upstream } = await run([
      ['kong.service.request.set_header', '', 'x'],
      ['kong.service.request.set_header', 'a b\u00e9', 'c\u0000d'],
      ['kong.service.request.set_raw_query', 'a b\n'],
      ['kong.response.set_header', '', 'x'],
      ['kong.response.set_header', 'a b:', '\u00e9'],
    ]);
    expect(response.status).toBe(200);
    expect(response.header('a%20b%3A')).toBe('\u00c3\u00a9');
    expect(upstream.seen[0]?.url).toBe('/?a%20b%0A');
    expect(valuesOf(upstream.seen[0], 'a%20b%C3%A9')).toEqual(['c%00d']);
  });
});

describe('what a plugin leaves for others', () => {
  it('keeps values in kong.ctx.shared as Lua tables', async () => {
    const set = (value: unknown): Call => ['kong.ctx.shared.set', 'k', value];
    const get: Call = ['kong.ctx.shared.get', 'k'];
    const { replies } = await run([
      set({ list: ['a'], empty: [], none: null, nested: { deep: {} } }),
      get,
      set([]),
      get,
      set([1, null, 3]),
      get,
      set(false),
      get,
      set('\u00e9\u20ac'),
      get,
      ['kong.ctx.shared.set', 'k'],
      get,
    ]);
    expect(replies.filter((_, index) => index % 2 === 1)).toEqual([
      { list: ['a'], empty: [], nested: { deep: [] } },
      [],
      { 1: 1, 3: 3 },
      false,
      '\u00e9\u20ac',
      undefined,
    ]);
  });

  it('resolves references and finds consumers of the configuration', async () => {
    const { replies } = await run([
      ['kong.vault.get', '{vault://env/my-secret}'],
      ['kong.vault.get', '{vault://env/none}'],
      ['kong.client.load_consumer', 'alice', true],
      ['kong.client.load_consumer', 'bob', true],
    ]);
    expect(replies).toEqual([
      's3cr3t',
      undefined,
      expect.objectContaining({ username: 'alice', custom_id: '42' }),
      undefined,
    ]);
  });

  it('makes X-Kong-Request-Id another id than $request_id', async () => {
    const { replies, response } = await run([
      ['kong.nginx.get_var', 'request_id'],
      ['kong.nginx.get_var', 'kong_request_id'],
    ]);
    expect(replies[1]).toBe(response.header('x-kong-request-id'));
    expect(replies[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(replies[0]).not.toBe(replies[1]);
  });
});

describe('the log phase', () => {
  async function log(call: Call, access: Call[] = []) {
    const setup = await setUp({ access, log: [call] });
    await sendRaw(setup.gateway.port, request('GET /r'));
    const steps = () =>
      setup.plugin.received.filter(({ method }) => method.startsWith('plugin.Step'));
    const ends = () => setup.gateway.lines.length + steps().length;
    await waitFor(() => ends() > access.length, 'the log phase');
    return { ...setup, reply: steps().at(-1)?.argument.Data };
  }

  it.each<[Call, unknown]>([
    [['kong.response.get_status'], 200],
    [['kong.response.get_source'], 'service'],
    [['kong.request.get_header', 'host'], 'localhost'],
    [['kong.response.get_header', 'via'], '1.1 kong/3.9.3'],
    [['kong.ctx.shared.get', 'k'], 'v'],
    [['kong.plugin.get_id'], expect.stringMatching(/^[0-9a-f-]{36}$/)],
    [['kong.client.get_consumer'], { id: 'x' }],
  ])('knows %j', async (call, value) => {
    const access: Call[] = [
      ['kong.ctx.shared.set', 'k', 'v'],
      ['kong.client.authenticate', { id: 'x' }],
    ];
    expect((await log(call, access)).reply).toEqual(value);
  });

  it.each<[Call]>([
    [['kong.request.get_method']],
    [['kong.request.get_path']],
    [['kong.client.get_ip']],
    [['kong.nginx.get_var', 'host']],
    [['kong.response.exit', 200, 'x']],
    [['kong.service.request.set_header', 'a', 'b']],
  ])('cannot call %j any more', async (call) => {
    const { gateway } = await log(call);
    expect(gateway.lines).toEqual([
      expect.stringMatching(/API disabled|cannot be called in log phase/),
    ]);
  });
});
