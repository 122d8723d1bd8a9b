import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../dev/gateway/config/load-config.ts';
import { HeaderList } from '../../../dev/gateway/http/header-list.ts';
import { isAcceptableUri } from '../../../dev/gateway/http/nginx-uri.ts';
import { escapePath, normalizePath } from '../../../dev/gateway/router/normalize.ts';
import { Router } from '../../../dev/gateway/router/router.ts';

function routerOf(routes: string[], service = '{name: up, host: a}'): Router {
  const config = `{_format_version: "3.0", services: [${service.replace(/\}$/, `, routes: [${routes.join(', ')}]}`)}]}`;
  return new Router(
    loadConfig(config, {
      fileName: 'kong.yml',
      plugins: new Map(),
      now: 0,
      resolve: () => undefined,
      onUnresolved: () => undefined,
    }).routes,
  );
}

function match(
  router: Router,
  rawPath: string,
  { method = 'GET', headers = [] as [string, string][] } = {},
) {
  return router.match({ method, rawPath, headers: new HeaderList(headers), serverPort: 8000 });
}

const nameOf = (found: ReturnType<typeof match>) => found?.route.name;

describe('the path that Kong routes on', () => {
  it.each([
    ['/a/%2e%2e/b', '/b'],
    ['//a///b', '/a/b'],
    ['/%61dmin', '/admin'],
    ['/a%2fb', '/a%2Fb'],
    ['/a%5cb', '/a\\b'],
    ['/a/..%2fb', '/a/..%2Fb'],
    ['/a/./b/.', '/a/b/'],
    ['/a/b/..', '/a/'],
    ['/..', '/'],
    ['/a%20b', '/a b'],
    ['/a%2', '/a%2'],
    ['/%c3%a9', '/\xc3\xa9'],
  ])('%s is %s', (raw, path) => {
    expect(normalizePath(raw)).toBe(path);
  });

  it('is escaped again for the upstream', () => {
    expect(escapePath('/a b\\\xc3\xa9%2F"')).toBe('/a%20b%5C%C3%A9%2F%22');
  });
});

describe('targets that nginx takes', () => {
  it.each([
    ['/', true],
    ['/a/../b', true],
    ['/a/..%2fb', true],
    ['/a/%2e%2e/%2e%2e/b', false],
    ['/..%2fb', false],
    ['/%00', false],
    ['/%2', false],
    ['/?%00', true],
    ['*', false],
    ['a', false],
  ])('%s: %s', (uri, isTaken) => {
    expect(isAcceptableUri(uri)).toBe(isTaken);
  });
});

describe('the choice of a route', () => {
  it('prefers the longest prefix', () => {
    const router = routerOf(['{name: short, paths: [/a]}', '{name: long, paths: [/a/b]}']);
    expect(nameOf(match(router, '/a/b/c'))).toBe('long');
    expect(nameOf(match(router, '/ab'))).toBe('short');
    expect(match(router, '/b')).toBeUndefined();
  });

  it('compares prefixes of one route with those of others one by one', () => {
    const router = routerOf(['{name: both, paths: [/a, /a/b/c]}', '{name: middle, paths: [/a/b]}']);
    expect(nameOf(match(router, '/a/b/c'))).toBe('both');
    expect(nameOf(match(router, '/a/b/x'))).toBe('middle');
    expect(nameOf(match(router, '/a/x'))).toBe('both');
  });

  it('prefers regexes to prefixes, and among them the higher regex_priority', () => {
    const router = routerOf([
      '{name: prefix, paths: [/a/very/long/prefix]}',
      '{name: low, paths: ["~/a/.*"], regex_priority: 1}',
      '{name: high, paths: ["~/a/v.*"], regex_priority: 2}',
    ]);
    expect(nameOf(match(router, '/a/very/long/prefix'))).toBe('high');
    expect(nameOf(match(router, '/a/x'))).toBe('low');
  });

  it('prefers more kinds of conditions to longer paths', () => {
    const router = routerOf([
      '{name: path, paths: [/a/b]}',
      '{name: both, paths: [/a], methods: [POST]}',
    ]);
    expect(nameOf(match(router, '/a/b', { method: 'POST' }))).toBe('both');
    expect(nameOf(match(router, '/a/b', { method: 'GET' }))).toBe('path');
  });

  it('prefers plain hosts to wildcards, and takes the host as written', () => {
    const router = routerOf([
      '{name: plain, hosts: [a.example.com]}',
      '{name: left, hosts: ["*.example.com"]}',
      '{name: right, hosts: ["example.*"]}',
      '{name: port, hosts: ["p.test:8443"]}',
    ]);
    const host = (value: string) => nameOf(match(router, '/', { headers: [['Host', value]] }));
    expect(host('a.example.com')).toBe('plain');
    expect(host('a.example.com:99')).toBe('plain');
    expect(host('b.example.com')).toBe('left');
    expect(host('example.org')).toBe('right');
    expect(host('A.example.com')).toBe('left');
    expect(host('p.test')).toBeUndefined();
    expect(host('p.test:8443')).toBe('port');
  });

  it('matches headers without regard to case, by regex after ~*, and prefers more of them', () => {
    const router = routerOf([
      '{name: one, headers: {x-kind: [a, "~*^b.$"]}}',
      '{name: two, headers: {x-kind: [a], X-Other: [c]}}',
    ]);
    const headers = (...list: [string, string][]) => nameOf(match(router, '/', { headers: list }));
    expect(headers(['X-Kind', 'A'])).toBe('one');
    expect(headers(['x_kind', 'a'])).toBe('one');
    expect(headers(['X-Kind', 'BX'])).toBe('one');
    expect(headers(['X-Kind', 'nope'], ['X-Kind', 'a'])).toBe('one');
    expect(headers(['X-Kind', 'a'], ['x-other', 'C'])).toBe('two');
    expect(headers(['X-Kind', 'bxx'])).toBeUndefined();
  });

  it('breaks ties by the higher id', () => {
    const id = (digit: string) => `${digit.repeat(8)}-0000-4000-8000-000000000000`;
    const router = routerOf([
      `{name: low, id: ${id('1')}, paths: [/a]}`,
      `{name: high, id: ${id('2')}, paths: [/a]}`,
    ]);
    expect(nameOf(match(router, '/a'))).toBe('high');
  });

  it('gives captures of a regex', () => {
    const router = routerOf(['{paths: ["~/users/(?<id>\\\\d+)/(.*)$"]}']);
    const found = match(router, '/users/12/rest');
    expect(found?.captures.named).toEqual(new Map([['id', '12']]));
    expect(found?.captures.unnamed).toEqual(['12', 'rest']);
    expect(found?.matchedPath).toBe('/users/12/rest');
  });
});

describe('the path for the upstream', () => {
  const upstreamOf = (service: string, route: string, path: string) =>
    match(routerOf([route], service), path)?.upstreamPath;

  it.each([
    ['{host: a}', '{paths: [/r]}', '/r', '/'],
    ['{host: a}', '{paths: [/r]}', '/r/', '/'],
    ['{host: a}', '{paths: [/r]}', '/r/x', '/x'],
    ['{host: a}', '{paths: [/r]}', '/rx', '/x'],
    ['{host: a}', '{paths: [/r]}', '/r..x', '/..x'],
    ['{host: a}', '{paths: [/r], strip_path: false}', '/r/x', '/r/x'],
    ['{host: a, path: /base}', '{paths: [/r]}', '/r', '/base'],
    ['{host: a, path: /base}', '{paths: [/r]}', '/r/', '/base/'],
    ['{host: a, path: /base}', '{paths: [/r]}', '/r/x', '/base/x'],
    ['{host: a, path: /base}', '{paths: [/r/]}', '/r/x', '/base/x'],
    ['{host: a, path: /base}', '{paths: [/r], strip_path: false}', '/r/x', '/base/r/x'],
    ['{host: a, path: /sl/}', '{paths: [/r]}', '/r', '/sl'],
    ['{host: a, path: /sl/}', '{paths: [/r]}', '/r/', '/sl/'],
    ['{host: a, path: /sl/}', '{paths: [/r]}', '/r/x', '/sl/x'],
    ['{host: a, path: /sl/}', '{paths: [/r], strip_path: false}', '/r/x', '/sl/r/x'],
    ['{host: a}', '{hosts: [b]}', '/x', undefined],
  ])('of %s with %s for %s is %s', (service, route, path, upstream) => {
    expect(upstreamOf(service, route, path)).toBe(upstream);
  });
});
