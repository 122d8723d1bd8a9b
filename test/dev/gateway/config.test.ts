import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../dev/gateway/config/load-config.ts';
import { ConfigError } from '../../../dev/gateway/config/problem.ts';
import type { PluginInfo } from '../../../dev/gateway/plugin-info.ts';
import { fromJson } from '../../../dev/gateway/schema/from-json.ts';
import { readFields } from '../../../dev/gateway/schema/read-schema.ts';

const probe: PluginInfo = {
  name: 'oidc-authorizer',
  version: '1.0.0',
  priority: 10,
  phases: ['access'],
  fields: readFields([
    fromJson({
      config: {
        type: 'record',
        required: true,
        fields: [
          { issuer: { type: 'string', required: true } },
          { leeway_seconds: { type: 'integer', default: 30, between: [0, 300] } },
          { mode: { type: 'string', one_of: ['enforce', 'shadow'] } },
          { scopes: { type: 'array', elements: { type: 'string' }, len_max: 2 } },
          { name: { type: 'string', match: '^%l+$', len_min: 3 } },
          {
            nested: {
              type: 'array',
              elements: { type: 'record', fields: [{ on: { type: 'boolean' } }] },
            },
          },
        ],
      },
    }),
  ]),
  protocol: 'MsgPack:1',
  socket: '/nowhere',
};

function load(text: string) {
  return loadConfig(text, {
    fileName: 'kong.yml',
    plugins: new Map([[probe.name, probe]]),
    now: 0,
    resolve: () => undefined,
    onUnresolved: () => undefined,
  });
}

/** The lines of the error that a configuration leads to. */
function problems(text: string): string[] {
  try {
    load(text);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

const HEAD = '_format_version: "3.0"\n';

/** A configuration with one plugin whose config begins at line 7. */
function withPluginConfig(...lines: string[]): string {
  return `${HEAD}services:
- name: up
  url: http://127.0.0.1:80
  plugins:
  - name: oidc-authorizer
    config:
${lines.map((line) => `      ${line}`).join('\n')}
`;
}

describe('the file as a whole', () => {
  it.each([
    ['services: []', 'kong.yml:1:1: _format_version: required field missing'],
    ['_format_version: 3.0', 'kong.yml:1:18: _format_version: expected a string'],
    ['_format_version: "2.1"', 'kong.yml:1:18: _format_version: expected one of: 3.0'],
    [`${HEAD}servces: []`, "kong.yml:2:1: servces: unknown field (did you mean 'services'?)"],
    [`${HEAD}upstreams: []`, "kong.yml:2:1: upstreams: the development gateway has no 'upstreams'"],
    [`${HEAD}services: {a: b}`, 'kong.yml:2:11: services: expected an array'],
    [`${HEAD}services: [up]`, 'kong.yml:2:12: services[0]: expected a record'],
    ['just text', 'kong.yml:1:1: expected an object'],
  ])('refuses %j', (text, problem) => {
    expect(problems(text)).toEqual([problem]);
  });

  it('points at what is not YAML', () => {
    expect(problems(`${HEAD}services:\n- name: "up\n`)[0]).toMatch(/^kong\.yml:\d+:\d+: /);
    expect(problems(`${HEAD}services:\n\t- name: up\n`)[0]).toMatch(/^kong\.yml:3:\d+: /);
  });

  it('refuses a key that is there twice', () => {
    expect(problems(`${HEAD}services: []\nservices: []\n`)[0]).toMatch(/^kong\.yml:3:1: /);
  });

  it('refuses aliases that multiply', () => {
    const levels = Array.from(
      { length: 9 },
      (_, level) =>
        `a${level}: &a${level} [${Array.from({ length: 9 }, () => (level === 0 ? 'x' : `*a${level - 1}`)).join(', ')}]`,
    );
    expect(problems(`${HEAD}${levels.join('\n')}\n`)[0]).toMatch(/aliases|alias/i);
  });

  it('reports all faults at once, in the order of the file', () => {
    const text = `${HEAD}services:
- name: up
  url: http://127.0.0.1:80
  prot: http
  routes:
  - name: a
    paths: [nope]
    strip_path: maybe
- name: up
  host: x
`;
    expect(problems(text)).toEqual([
      "kong.yml:5:3: services[0].prot: unknown field (did you mean 'port'?)",
      'kong.yml:8:13: services[0].routes[0].paths[0]: should start with: / (fixed path) or ~/ (regex path)',
      'kong.yml:9:17: services[0].routes[0].strip_path: expected a boolean',
      "kong.yml:10:9: services[1].name: uniqueness violation: 'services' entity with name set to 'up' already declared",
    ]);
  });

  it('reads yes, on and octal numbers as Kong does', () => {
    expect(problems(`${HEAD}services: [{name: on, host: x, port: 010}]`)).toEqual([
      'kong.yml:2:19: services[0].name: expected a string',
    ]);
  });
});

describe('services, routes and consumers', () => {
  const one = (kind: string, item: string) => problems(`${HEAD}${kind}:\n- ${item}\n`);

  it.each([
    ['services', '{name: a}', 'services[0].host: required field missing'],
    ['services', '{host: x, port: 99999}', 'services[0].port: value should be between 0 and 65535'],
    ['services', '{host: "a:80"}', 'services[0].host: must not have a port'],
    ['services', '{host: "a b"}', 'services[0].host: invalid value: a b'],
    [
      'services',
      '{url: "ftp://a"}',
      'services[0].url: protocol: expected one of: grpc, grpcs, http, https, tcp, tls, tls_passthrough, udp',
    ],
    ['services', '{url: "http://"}', 'services[0].url: host: required field missing'],
    ['services', '{url: 5}', 'services[0].url: expected a string'],
    ['services', '{host: x, path: a}', 'services[0].path: should start with: /'],
    ['services', '{host: x, path: //a}', 'services[0].path: must not have empty segments'],
    ['services', '{host: x, retries: 1.5}', 'services[0].retries: expected an integer'],
    [
      'services',
      '{host: x, protocol: tcp}',
      'services[0].protocol: the development gateway serves only http and https',
    ],
    ['services', '{host: x, tls_verify: true}', 'services[0].tls_verify: value must be null'],
    ['services', '{host: x, tags: ["a,b"]}', "services[0].tags[0]: invalid tag 'a,b'"],
    ['routes', '{name: "a b", paths: [/a]}', "routes[0].name: invalid value 'a b'"],
    [
      'routes',
      '{name: a}',
      "routes[0]: must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https'",
    ],
    ['routes', '{paths: [/a//b]}', 'routes[0].paths[0]: must not have empty segments'],
    [
      'routes',
      '{paths: [/a/../b]}',
      "routes[0].paths[0]: non-normalized path, consider use '/b' instead",
    ],
    ['routes', '{paths: ["~/a("]}', "routes[0].paths[0]: invalid regex: '/a('"],
    ['routes', '{paths: [/a%zz]}', "routes[0].paths[0]: invalid url-encoded value: '%zz'"],
    [
      'routes',
      '{hosts: ["a.*.b"]}',
      'routes[0].hosts[0]: invalid wildcard: must be placed at leftmost or rightmost label',
    ],
    [
      'routes',
      '{hosts: ["*.*"]}',
      'routes[0].hosts[0]: invalid wildcard: must have at most one wildcard',
    ],
    ['routes', '{methods: [get]}', 'routes[0].methods[0]: invalid value: get'],
    ['routes', '{headers: {host: [a]}}', "routes[0].headers.host: cannot contain 'host' header"],
    ['routes', '{headers: {x-a: b}}', 'routes[0].headers.x-a: expected an array'],
    [
      'routes',
      '{paths: [/a], service: nope}',
      "routes[0].service: invalid reference 'service: nope' (no such entry in 'services')",
    ],
    ['routes', '{paths: [/a], service: {id: x}}', 'routes[0].service: expected a string'],
    [
      'routes',
      '{paths: [/a], protocols: [grpc]}',
      'routes[0].protocols: the development gateway serves only http and https',
    ],
    [
      'routes',
      '{paths: [/a], protocols: [http, tcp]}',
      "routes[0].protocols: these sets are mutually exclusive: ('http', 'https'), ('tcp', 'tls', 'udp')",
    ],
    [
      'routes',
      '{paths: [/a], sources: [{ip: 1.2.3.4}]}',
      "routes[0].sources: cannot set 'sources' when 'protocols' is 'http' or 'https'",
    ],
    [
      'consumers',
      '{tags: [a]}',
      "consumers[0]: at least one of these fields must be non-empty: 'custom_id', 'username'",
    ],
    [
      'consumers',
      '{username: a, keyauth_credentials: []}',
      "consumers[0].keyauth_credentials: belongs to one of Kong's own plugins",
    ],
  ])('refuses %s: %s', (kind, item, message) => {
    const found = one(kind, item);
    expect(found[0]).toMatch(/^kong\.yml:3:\d+: /);
    expect(found.map((line) => line.replace(/^kong\.yml:\d+:\d+: /, ''))).toContainEqual(
      expect.stringContaining(message),
    );
  });

  it('suggests the name of a service that is nearly right', () => {
    const text = `${HEAD}services: [{name: backend, host: x}]\nroutes: [{paths: [/a], service: bakend}]\n`;
    expect(problems(text)).toEqual([
      "kong.yml:3:33: routes[0].service: invalid reference 'service: bakend' (no such entry in 'services') (did you mean 'backend'?)",
    ]);
  });

  it('takes a nested route only without a service of its own', () => {
    const text = `${HEAD}services: [{name: a, host: x, routes: [{paths: [/a], service: a}]}]\n`;
    expect(problems(text)).toEqual([
      'kong.yml:2:63: services[0].routes[0].service: value must be null',
    ]);
  });

  it('warns of a route without a service, which Kong takes', () => {
    expect(load(`${HEAD}routes: [{paths: [/a]}]`).warnings).toEqual([
      expect.stringMatching(/^kong\.yml:2:\d+: a route without a service/),
    ]);
  });

  it('reads a url as the four fields that it stands for', () => {
    const { routes } = load(`${HEAD}services:
- {name: a, url: "https://host.example/base", routes: [{name: r, paths: [/a]}]}
- {name: b, url: "http://127.0.0.1:81", routes: [{name: s, paths: [/b]}]}
`);
    expect(
      routes.map(({ service }) => [service?.protocol, service?.host, service?.port, service?.path]),
    ).toEqual([
      ['https', 'host.example', 443, '/base'],
      ['http', '127.0.0.1', 81, undefined],
    ]);
  });

  it('gives entities the ids that Kong gives them', () => {
    const { routes } = load(
      `${HEAD}services: [{name: up, host: x, routes: [{name: reads, paths: [/a]}]}]`,
    );
    expect(routes[0]?.id).toBe('ce18a5bd-af38-5d87-ae58-42d5412a7fbe');
    expect(routes[0]?.service?.id).toBe('dea4c45f-3d88-5461-8ebd-05ae5bbbf87a');
  });
});

describe('plugins', () => {
  it.each([
    [
      '{name: oidc-authoriser}',
      "plugins[0].name: plugin 'oidc-authoriser' not enabled: no plugin server provides it (did you mean 'oidc-authorizer'?)",
    ],
    [
      '{name: rate-limiting}',
      "plugins[0].name: plugin 'rate-limiting' is one of Kong's own; the development gateway runs only plugins of plugin servers",
    ],
    ['{config: {}}', 'plugins[0].name: required field missing'],
    [
      '{name: oidc-authorizer, config: {issuer: a}, route: nope}',
      "plugins[0].route: invalid reference 'route: nope' (no such entry in 'routes')",
    ],
    [
      '{name: oidc-authorizer, config: {issuer: a}, enable: true}',
      "plugins[0].enable: unknown field (did you mean 'enabled'?)",
    ],
    ['{name: oidc-authorizer}', 'plugins[0].config.issuer: required field missing'],
  ])('refuses %s', (item, message) => {
    const found = problems(`${HEAD}plugins:\n- ${item}\n`);
    expect(found.map((line) => line.replace(/^kong\.yml:3:\d+: /, ''))).toEqual([message]);
  });

  it.each([
    [
      ['issuer: a', 'leway_seconds: 5'],
      "kong.yml:9:7: services[0].plugins[0].config.leway_seconds: unknown field (did you mean 'leeway_seconds'?)",
    ],
    [['issuer: 5'], 'kong.yml:8:15: services[0].plugins[0].config.issuer: expected a string'],
    [
      ['issuer: a', 'leeway_seconds: 301'],
      'kong.yml:9:23: services[0].plugins[0].config.leeway_seconds: value should be between 0 and 300',
    ],
    [
      ['issuer: a', 'mode: loud'],
      'kong.yml:9:13: services[0].plugins[0].config.mode: expected one of: enforce, shadow',
    ],
    [
      ['issuer: a', 'scopes: [a, b, c]'],
      'kong.yml:9:15: services[0].plugins[0].config.scopes: length must be at most 2',
    ],
    [
      ['issuer: a', 'scopes: [a, 5]'],
      'kong.yml:9:19: services[0].plugins[0].config.scopes[1]: expected a string',
    ],
    [
      ['issuer: a', 'name: ab'],
      'kong.yml:9:13: services[0].plugins[0].config.name: length must be at least 3',
    ],
    [
      ['issuer: a', 'name: ABC'],
      'kong.yml:9:13: services[0].plugins[0].config.name: invalid value: ABC',
    ],
    [
      ['issuer: ""'],
      'kong.yml:8:15: services[0].plugins[0].config.issuer: length must be at least 1',
    ],
    [
      ['issuer: a', 'nested: [{on: true}, {off: 1}]'],
      'kong.yml:9:29: services[0].plugins[0].config.nested[1].false: unknown field',
    ],
    [
      ['leeway_seconds: 5'],
      'kong.yml:8:7: services[0].plugins[0].config.issuer: required field missing',
    ],
  ])('refuses the config %j', (lines, problem) => {
    expect(problems(withPluginConfig(...lines))).toContain(problem);
  });

  it('refuses the same plugin twice in one place', () => {
    const text = `${HEAD}plugins:
- {name: oidc-authorizer, config: {issuer: a}}
- {name: oidc-authorizer, config: {issuer: b}}
`;
    expect(problems(text)).toEqual([
      "kong.yml:4:10: plugins[1].name: uniqueness violation: plugin 'oidc-authorizer' is already configured for the same route, service and consumer",
    ]);
  });

  it('leaves out disabled plugins', () => {
    const { plugins } = load(
      `${HEAD}plugins: [{name: oidc-authorizer, enabled: false, config: {issuer: a}}]`,
    );
    expect(plugins).toEqual([]);
  });
});
