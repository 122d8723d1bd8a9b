import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/core/config-error.ts';
import { readDeclarativeConfig } from '../../../src/kong/declarative-config/read-declarative-config.ts';

const HEAD = '_format_version: "3.0"\n';

function routesOf(yaml: string) {
  return readDeclarativeConfig(HEAD + yaml, 'kong.yml').routes;
}

function routeOf(yaml: string) {
  const [route] = routesOf(yaml);
  if (route === undefined) throw new Error('no route');
  return route;
}

function problemsOf(text: string): readonly string[] {
  try {
    readDeclarativeConfig(text, 'kong.yml');
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('a declarative configuration', () => {
  it("is read with Kong's defaults", () => {
    expect(routeOf('services: [{ host: tasks.example.com, routes: [{ paths: [/a] }] }]')).toEqual({
      name: 'services[0].routes[0]',
      service: {
        name: 'services[0]',
        protocol: 'http',
        host: 'tasks.example.com',
        port: 80,
        path: '',
      },
      protocols: ['http', 'https'],
      hosts: [],
      paths: ['/a'],
      methods: [],
      preserve_host: false,
      strip_path: true,
      plugins: [],
      path: 'services[0].routes[0]',
    });
  });

  it.each([
    [
      'https://tasks.example.com',
      { protocol: 'https', host: 'tasks.example.com', port: 443, path: '' },
    ],
    ['http://tasks.example.com/', { protocol: 'http', port: 80, path: '/' }],
    ['https://tasks.example.com:8443/v1', { port: 8443, path: '/v1' }],
    ['grpcs://tasks.example.com', { protocol: 'grpcs', port: 443 }],
  ])('takes the url %s apart', (url, expected) => {
    const { service } = routeOf(
      `services: [{ name: a, url: "${url}", port: 1, routes: [{ name: r }] }]`,
    );
    expect(service).toMatchObject(expected);
  });

  it('keeps port 80 for https without a url, as Kong does', () => {
    const { service } = routeOf('services: [{ host: a, protocol: https, routes: [{ name: r }] }]');
    expect(service).toMatchObject({ protocol: 'https', port: 80 });
  });

  it('joins routes and services by name and by id', () => {
    const routes = routesOf(`
services: [{ name: a, id: 4a1, host: a.example.com }]
routes: [{ name: one, service: a }, { name: two, service: { id: 4a1 } }, { name: three }]`);
    expect(routes.map(({ name, service }) => [name, service?.host])).toEqual([
      ['one', 'a.example.com'],
      ['two', 'a.example.com'],
      ['three', undefined],
    ]);
  });

  it('tells names and ids apart, and from what only says where an entity stands', () => {
    const routes = routesOf(`
services: [{ id: 5b2, host: a }]
routes: [{ name: one, id: 4a1, service: 5b2 }, { id: 4a2 }, {}]`);
    expect(routes.map(({ name, own_name, id }) => [name, own_name, id])).toEqual([
      ['one', 'one', '4a1'],
      ['4a2', undefined, '4a2'],
      ['routes[2]', undefined, undefined],
    ]);
    expect(routes[0]?.service).toMatchObject({ name: '5b2', id: '5b2' });
    expect(routes[0]?.service).not.toHaveProperty('own_name');
  });

  it.each([
    ['services[0].routes[1].paths[0]', 'kong.yml:6:17'],
    ['services[0].routes[1]', 'kong.yml:6:9'],
    ['services[0].routes[1].plugins[3].config', 'kong.yml:6:9'],
    ['', 'kong.yml:1:1'],
  ])('says where %j stands', (place, expected) => {
    const text = `${HEAD}services:\n  - host: a\n    routes:\n      - name: one\n      - paths: [/a]\n`;
    expect(readDeclarativeConfig(text, 'kong.yml').locate(place)).toBe(expected);
  });

  it('knows the targets behind a host that is an upstream', () => {
    const { service } = routeOf(`
services: [{ name: a, host: pool, routes: [{ name: r }] }]
upstreams: [{ name: pool, host_header: x.example.com, targets: [{ target: "a.example.com:443" }] }]
targets: [{ target: b.example.com, upstream: pool }]`);
    expect(service?.upstream).toEqual({
      targets: ['a.example.com:443', 'b.example.com'],
      host_header: 'x.example.com',
    });
  });

  it('follows anchors and merges', () => {
    const { plugins } = routeOf(`
services: [{ name: a, host: a, routes: [{ name: r }] }]
plugins:
  - { name: one, config: &c { x: 1, y: 2 } }
  - { name: two, config: { <<: *c, y: 3 } }`);
    expect(plugins.map(({ config }) => config)).toEqual([
      { x: 1, y: 2 },
      { x: 1, y: 3 },
    ]);
  });

  it('reads YAML 1.1, where no is false and a date is text', () => {
    const { plugins } = routeOf(`
services: [{ name: a, host: a, routes: [{ name: r }] }]
plugins: [{ name: y, enabled: yes, config: { when: 2026-11-25, at: 1:30 } }, { name: n, enabled: no }]`);
    expect(plugins.map(({ name, config }) => [name, config])).toEqual([
      ['y', { when: '2026-11-25', at: 90 }],
    ]);
  });

  it('keeps vault references and variables of decK as they are', () => {
    const { service, plugins } = routeOf(`
services:
  - name: a
    host: \${{ env "DECK_HOST" }}
    port: \${{ env "DECK_PORT" }}
    routes: [{ name: r, preserve_host: '\${{ env "DECK_PRESERVE" }}' }]
plugins: [{ name: p, config: { secret: "{vault://env/secret}" } }]`);
    expect(service).toMatchObject({ host: `\${{ env "DECK_HOST" }}`, port: Number.NaN });
    expect(plugins[0]?.config).toEqual({ secret: '{vault://env/secret}' });
  });

  it('passes over entities and fields that it does not know', () => {
    const text = `${HEAD}_transform: false\n_info: { select_tags: [x] }\nvaults: [{ name: env }]\nservices: [{ host: a, retries: 3, routes: [] }]`;
    expect(readDeclarativeConfig(text, 'kong.yml').routes).toEqual([]);
  });

  it('leaves out the routes of a service that is switched off', () => {
    expect(routesOf('services: [{ host: a, enabled: false, routes: [{ name: r }] }]')).toEqual([]);
  });

  it('is JSON just as well', () => {
    const text = JSON.stringify({
      _format_version: '2.1',
      services: [{ host: 'a', routes: [{ name: 'r' }] }],
    });
    expect(readDeclarativeConfig(text, 'kong.json').routes).toHaveLength(1);
  });

  it('reads the one of this repository', () => {
    const text = readFileSync(path.resolve(import.meta.dirname, '../../../kong.yml'), 'utf8');
    const { routes, plugin_names } = readDeclarativeConfig(text, 'kong.yml');
    expect(routes.map(({ name }) => name)).toEqual([
      'tasks-staging',
      'handbook',
      'tasks-production',
    ]);
    expect(plugin_names).toEqual(['oidc-authorizer', 'policy-evaluator', 'cloud-run-token']);
  });
});

describe('of several plugins of one name', () => {
  const SERVICES =
    'services: [{ name: s, host: a, plugins: [{ name: p, config: { of: service } }], routes: [{ name: r }] }]';
  const configOf = (plugins: string) =>
    routeOf(`${SERVICES}\nplugins: [${plugins}]`).plugins[0]?.config;
  const [GLOBAL, ROUTE, BOTH] = [
    '{ name: p, config: { of: all } }',
    '{ name: p, route: r, config: { of: route } }',
    '{ name: p, route: r, service: s, config: { of: both } }',
  ];

  it.each([
    ['both', `${GLOBAL}, ${ROUTE}, ${BOTH}`],
    ['route', `${ROUTE}, ${GLOBAL}`],
    ['service', GLOBAL],
  ])('the one for %s runs', (of, plugins) => {
    expect(configOf(plugins)).toEqual({ of });
  });

  it('one that is switched off gives way to a wider one', () => {
    expect(configOf('{ name: p, route: r, enabled: false, config: { of: route } }')).toEqual({
      of: 'service',
    });
  });

  it('those for single consumers are not counted, but named', () => {
    const { routes, plugin_names } = readDeclarativeConfig(
      `${HEAD}${SERVICES}\nconsumers: [{ username: u, plugins: [{ name: q }] }]\nplugins: [{ name: o, consumer: u }]`,
      'kong.yml',
    );
    expect(routes[0]?.plugins.map(({ name }) => name)).toEqual(['p']);
    expect(plugin_names).toEqual(expect.arrayContaining(['p', 'q', 'o']));
  });
});

describe('what Kong would not read is refused with its place', () => {
  it('each mistake once', () => {
    const text = `${HEAD}services: [{ host: 5 }]\nplugins: [{ name: 1 }]`;
    expect(problemsOf(text)).toEqual([
      'kong.yml:3:19: name: must be text; put it in quotes',
      'kong.yml:2:20: host: must be text; put it in quotes',
    ]);
  });

  it.each([
    ['services: []', 'kong.yml:1:1: _format_version: must be'],
    [
      '_format_version: 3.0',
      'kong.yml:1:18: _format_version: must be "3.0", "2.1" or "1.1", in quotes',
    ],
    ['[]', 'kong.yml:1:1: must be a map'],
    ['', 'kong.yml:1:1: must be a map'],
    [`${HEAD}services: 5`, 'kong.yml:2:11: services: must be a list'],
    [`${HEAD}services: [x]`, 'kong.yml:2:12: services: each entry must be a map'],
    [`${HEAD}services:\n  - name: a`, 'kong.yml:3:5: a service needs a url or a host'],
    [`${HEAD}services:\n  - url: nonsense`, 'kong.yml:3:10: url: must be a URL'],
    [`${HEAD}services:\n  - host: a\n    port: x`, 'kong.yml:4:11: port: must be a port'],
    [`${HEAD}plugins:\n  - name: p\n    route: r`, 'kong.yml:4:12: route: there is no route "r"'],
    [`${HEAD}plugins:\n  - config: {}`, 'kong.yml:3:5: a plugin needs a name'],
    [`${HEAD}routes:\n  - paths: /a`, 'kong.yml:3:12: paths: must be a list of texts'],
    [`${HEAD}routes:\n  - name: 5`, 'kong.yml:3:11: name: must be text; put it in quotes'],
    [
      `${HEAD}routes:\n  - hosts: [a, no]`,
      'kong.yml:3:16: hosts: must be a list of texts; put it in quotes',
    ],
    [`${HEAD}a: [b`, 'kong.yml:2:6: '],
    [`${HEAD}a: *nothing`, 'kong.yml: has more than 10000 aliases, or one without anchor'],
    [`${HEAD}${'['.repeat(50_000)}`, 'is nested too deeply'],
  ])('%j', (text, message) => {
    const [first] = problemsOf(text);
    expect(first).toContain(message);
    expect(problemsOf(text).length).toBeLessThanOrEqual(20);
  });

  it('a bomb of aliases', () => {
    const level = (name: string, of: string) =>
      `${name}: &${name} [${Array(10).fill(`*${of}`).join(', ')}]`;
    const text = `${HEAD}a: &a [x]\n${['b', 'c', 'd', 'e', 'f', 'g'].map((name, at) => level(name, 'abcdef'[at] ?? 'a')).join('\n')}`;
    expect(problemsOf(text)).toEqual([
      'kong.yml: has more than 10000 aliases, or one without anchor',
    ]);
  });

  it('a file that is too long', () => {
    expect(problemsOf(' '.repeat(17 * 1024 * 1024))).toEqual([
      'kong.yml: has more than 16777216 characters',
    ]);
  });
});
