import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { pluginEntry } from './support/plugin-info.ts';
import { request, sendRaw } from './support/raw-request.ts';
import { type Call, startScriptedPlugin } from './support/scripted-plugin.ts';
import { start } from './support/start.ts';
import { startUpstream } from './support/upstream.ts';
import { waitFor } from './support/wait-for.ts';

const cleanUp: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of cleanUp.splice(0)) await stop();
});

async function entryFor(access: Call[], bytes = request('GET /r/x?a=1')) {
  const upstream = await startUpstream();
  const plugin = await startScriptedPlugin({ access });
  const gateway = await start({
    config: `{_format_version: "3.0", services: [{name: up, url: "http://127.0.0.1:${upstream.port}",
      routes: [{name: r, paths: [/r], plugins: [{name: probe}]}]}]}`,
    pluginServers: [pluginEntry(plugin.socket)],
  });
  cleanUp.push(gateway.stop, plugin.stop, upstream.stop);
  const response = await sendRaw(gateway.port, bytes);
  await waitFor(() => gateway.entries.length + gateway.lines.length > 0, 'the log entry');
  return { response, entry: gateway.entries[0], lines: gateway.lines };
}

describe('the access log', () => {
  it('has what log plugins get from kong.log.serialize', async () => {
    const { entry, response } = await entryFor(
      [['kong.client.authenticate', { id: 'c', username: 'alice' }, { id: 'k', consumer_id: 'c' }]],
      request('GET /r/x?a=1&a=2&b', [
        ['Authorization', 'Bearer secret'],
        ['X-A', '1'],
      ]),
    );
    expect(entry).toMatchObject({
      request: {
        id: response.header('x-kong-request-id'),
        method: 'GET',
        uri: '/r/x?a=1&a=2&b',
        querystring: { a: ['1', '2'], b: true },
        headers: { authorization: 'REDACTED', 'x-a': '1' },
      },
      response: { status: 200, headers: { 'content-type': 'application/json' } },
      upstream_uri: '/x?a=1&a=2&b',
      upstream_status: '200',
      client_ip: '127.0.0.1',
      consumer: { id: 'c', username: 'alice' },
      authenticated_entity: { id: 'k', consumer_id: 'c' },
      route: { name: 'r', paths: ['/r'] },
      service: { name: 'up', host: '127.0.0.1' },
      source: 'upstream',
      tries: [{ ip: '127.0.0.1' }],
    });
    expect(JSON.stringify(entry)).not.toContain('secret');
  });

  it('has values that plugins set, at any depth, in each mode', async () => {
    const set = (...args: unknown[]): Call => ['kong.log.set_serialize_value', ...args];
    const { entry } = await entryFor([
      set('authz', { decision: 'allow', rules: ['a'], text: '\u00e9' }),
      set('a.b.c', true),
      set('service.name', 'kept', { mode: 'add' }),
      set('client_ip', '9.9.9.9', { mode: 'replace' }),
      set('nothere', 1, { mode: 'replace' }),
      set('workspace_name'),
    ]);
    expect(entry).toMatchObject({
      authz: { decision: 'allow', rules: ['a'], text: '\u00e9' },
      a: { b: { c: true } },
      service: { name: 'up' },
      client_ip: '9.9.9.9',
    });
    expect(entry).not.toHaveProperty('nothere');
    expect(entry).not.toHaveProperty('workspace_name');
  });

  it('is not written when a value does not fit, as log plugins would get none', async () => {
    const { entry, lines } = await entryFor([['kong.log.set_serialize_value', 'client_ip.x', 1]]);
    expect(entry).toBeUndefined();
    expect(lines[0]).toContain("Subkey 'client_ip' is not a table");
  });

  it('tells who answered', async () => {
    const exit = await entryFor([['kong.response.exit', 403, 'x']]);
    expect(exit.entry).toMatchObject({ source: 'kong', upstream_status: '', tries: [] });
    expect(exit.entry).toMatchObject({ latencies: { proxy: -1 } });
    const none = await entryFor([], request('GET /none'));
    expect(none.entry).toMatchObject({ source: 'kong', response: { status: 404 } });
    expect(none.entry).not.toHaveProperty('route');
  });

  it('has requests whose client left while sending its body', async () => {
    const upstream = await startUpstream();
    const gateway = await start({
      config: `{_format_version: "3.0", services: [{name: up, url: "http://127.0.0.1:${upstream.port}",
        routes: [{name: r, paths: [/r]}]}]}`,
      pluginServers: [],
    });
    cleanUp.push(gateway.stop, upstream.stop);
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write(request('POST /r', [['Content-Length', '10']], 'half'), () => socket.destroy());
    await waitFor(() => gateway.entries.length > 0, 'the log entry');
    expect(gateway.entries[0]).toMatchObject({ response: { status: 499 } });
    expect(gateway.lines).toEqual([]);
    expect(upstream.seen).toEqual([]);
  });
});
