import { afterEach, describe, expect, it } from 'vitest';
import { pluginEntry } from './support/plugin-info.ts';
import { request, sendRaw } from './support/raw-request.ts';
import { type Call, type ScriptedPlugin, startScriptedPlugin } from './support/scripted-plugin.ts';
import { start } from './support/start.ts';
import { startUpstream } from './support/upstream.ts';
import { waitFor } from './support/wait-for.ts';

const cleanUp: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of cleanUp.splice(0)) await stop();
});

const FIELDS = [{ label: { type: 'string' } }];

/** Two plugins, `early` with the higher priority, on servers of their own. */
async function setUp(
  config: (url: string) => string,
  early: Call[] = [],
  phases = ['access', 'log'],
) {
  const upstream = await startUpstream();
  const first = await startScriptedPlugin({ access: early });
  const second = await startScriptedPlugin({});
  const gateway = await start({
    config: `_format_version: "3.0"\n${config(`http://127.0.0.1:${upstream.port}`)}`,
    pluginServers: [
      pluginEntry(second.socket, { name: 'late', priority: 5, fields: FIELDS }),
      pluginEntry(first.socket, { name: 'early', priority: 50, fields: FIELDS, phases }),
    ],
  });
  cleanUp.push(gateway.stop, first.stop, second.stop, upstream.stop);
  return { upstream, first, second, gateway };
}

const events = (plugin: ScriptedPlugin) =>
  plugin.received
    .filter(({ method }) => method === 'plugin.HandleEvent')
    .map(({ argument }) => argument.EventName);

const labels = (plugin: ScriptedPlugin) => plugin.configs.map(({ label }) => label);

describe('the order of plugins', () => {
  const both = (url: string) =>
    `services: [{name: up, url: "${url}", routes: [{paths: [/r], plugins: [{name: late}, {name: early}]}]}]`;

  it('runs the higher priority first and stops at an exit, but logs in all of them', async () => {
    const { first, second, gateway } = await setUp(both, [['kong.response.exit', 403, 'no']]);
    expect((await sendRaw(gateway.port, request('GET /r'))).status).toBe(403);
    await waitFor(() => events(second).length === 1, 'the log phase');
    expect(events(first)).toEqual(['access', 'log']);
    expect(events(second)).toEqual(['log']);
  });

  it('stops at an error in a PDK call as well', async () => {
    const { second, gateway } = await setUp(both, [['kong.request.get_headers', 0]]);
    expect((await sendRaw(gateway.port, request('GET /r'))).status).toBe(500);
    await waitFor(() => events(second).length === 1, 'the log phase');
    expect(events(second)).toEqual(['log']);
  });

  it('shares kong.ctx.shared and changes of the request between plugins', async () => {
    const { upstream, gateway } = await setUp(both, [
      ['kong.service.request.set_header', 'x-early', '1'],
    ]);
    await sendRaw(gateway.port, request('GET /r'));
    expect(upstream.seen[0]?.headers).toContainEqual(['x-early', '1']);
  });

  it('runs only the phases that a plugin has', async () => {
    const { first, second, gateway } = await setUp(both, [], ['log']);
    await sendRaw(gateway.port, request('GET /r'));
    await waitFor(() => events(first).length === 1 && events(second).length === 2, 'the log phase');
    expect(events(first)).toEqual(['log']);
  });
});

describe('the rewrite phase', () => {
  const global = (url: string) => `
plugins: [{name: early}]
services: [{name: up, url: "${url}", routes: [{paths: [/r], plugins: [{name: early, config: {label: route}}]}]}]`;

  it('runs for plugins that hold everywhere, before there is a route', async () => {
    const { first, gateway } = await setUp(global, [], ['rewrite']);
    expect((await sendRaw(gateway.port, request('GET /none'))).status).toBe(404);
    expect((await sendRaw(gateway.port, request('GET /r'))).status).toBe(200);
    expect(events(first)).toEqual(['rewrite', 'rewrite']);
    expect(labels(first)).toEqual([undefined]);
  });

  it('is said to be missing where it is not run', async () => {
    const { gateway } = await setUp(global, [], ['response', 'certificate', 'log']);
    expect(gateway.lines).toEqual([
      '[warn] [early] the development gateway does not run response, certificate',
    ]);
  });
});

describe('the config that holds', () => {
  const layered = (url: string) => `
plugins:
- {name: early, config: {label: global}}
services:
- name: up
  url: ${url}
  plugins: [{name: early, config: {label: service}}]
  routes:
  - {name: a, paths: [/a], plugins: [{name: early, config: {label: route}}]}
  - {name: b, paths: [/b]}
- name: other
  url: ${url}
  routes: [{name: c, paths: [/c]}]
consumers:
- {username: alice, id: 6a0f7a42-6d0a-4b0c-9e62-1b86d2a3f7a1, plugins: [{name: late, config: {label: consumer}}]}
`;

  it('is that of the route, else of the service, else the global one', async () => {
    const { first, gateway } = await setUp(layered);
    for (const path of ['/a', '/b', '/c']) await sendRaw(gateway.port, request(`GET ${path}`));
    expect(labels(first)).toEqual(['route', 'service', 'global']);
  });

  it('may belong to the consumer whom an earlier plugin authenticated', async () => {
    const consumer = { id: '6a0f7a42-6d0a-4b0c-9e62-1b86d2a3f7a1' };
    const known = await setUp(layered, [['kong.client.authenticate', consumer]]);
    await sendRaw(known.gateway.port, request('GET /c'));
    expect(labels(known.second)).toEqual(['consumer']);
    const unknown = await setUp(layered);
    await sendRaw(unknown.gateway.port, request('GET /c'));
    expect(labels(unknown.second)).toEqual([]);
  });

  it('is the global one for the log of a request that no route takes', async () => {
    const { first, gateway } = await setUp(layered);
    await sendRaw(gateway.port, request('GET /none'));
    await sendRaw(gateway.port, request('GET /%00'));
    await waitFor(() => events(first).length === 2, 'the log phases');
    expect(labels(first)).toEqual(['global']);
    expect(events(first)).toEqual(['log', 'log']);
  });

  it('carries the keys that Kong adds', async () => {
    const { first, gateway } = await setUp(layered);
    await sendRaw(gateway.port, request('GET /a'));
    const config = first.configs[0] ?? {};
    expect(config).toEqual({
      label: 'route',
      route_id: expect.any(String),
      __plugin_id: expect.any(String),
      __ws_id: '0dc6f45b-8f8d-40d2-a504-473544ee190b',
      __key__: `plugins:early:${String(config.route_id)}::::0dc6f45b-8f8d-40d2-a504-473544ee190b`,
      __seq__: expect.any(Number),
    });
  });
});
