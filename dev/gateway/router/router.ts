import { RE2JS } from 're2js';
import type { RouteEntity } from '../config/gateway-config.ts';
import { splitRouteId } from '../config/ids.ts';
import type { HeaderList } from '../http/header-list.ts';
import type { TlsConnection } from '../http/tls-connection.ts';
import { toText } from '../lua/value.ts';
import { normalizePath } from './normalize.ts';
import { routePriority } from './priority.ts';
import { upstreamPath } from './upstream-path.ts';

export interface RouteMatch {
  route: RouteEntity;
  /** What of the path the route's own path stands for. */
  matchedPath: string | undefined;
  /** The part of the path that `strip_path` removes. */
  prefix: string | undefined;
  captures: { named: Map<string, string>; unnamed: string[] };
  /** The path for the upstream, not escaped yet. */
  upstreamPath: string;
}

export interface RoutedRequest {
  method: string;
  /** `$request_uri` without its query. */
  rawPath: string;
  headers: HeaderList;
  serverPort: number;
  tls?: Pick<TlsConnection, 'serverName'> | undefined;
}

interface PathMatch {
  matched: string | undefined;
  captures: RouteMatch['captures'];
}

interface Matcher {
  id: string;
  priority: bigint;
  route: RouteEntity;
  matches: (request: RoutedRequest, path: string) => PathMatch | undefined;
}

/**
 * Kong's `traditional_compatible` router: a route with more kinds of conditions goes first, then
 * plain hosts before wildcards, more headers, regexes before prefixes, regex priority, longer
 * prefixes, and at last the higher id.
 */
export class Router {
  readonly #matchers: Matcher[];

  constructor(routes: RouteEntity[]) {
    this.#matchers = routes
      .filter((route) => route.service?.enabled !== false)
      .flatMap(toMatchers)
      .toSorted((a, b) =>
        a.priority === b.priority ? (a.id < b.id ? 1 : -1) : a.priority < b.priority ? 1 : -1,
      );
  }

  match(request: RoutedRequest): RouteMatch | undefined {
    const path = normalizePath(request.rawPath);
    for (const { route, matches } of this.#matchers) {
      const found = matches(request, path);
      if (found === undefined) continue;
      const prefix = route.strip_path ? found.matched : undefined;
      const upstream = upstreamPath(route, prefix ?? '/', path);
      return {
        route,
        matchedPath: found.matched,
        prefix,
        captures: found.captures,
        upstreamPath: upstream,
      };
    }
    return undefined;
  }
}

/** A route whose paths differ in length, or are partly regexes, is matched in groups. */
function toMatchers(route: RouteEntity): Matcher[] {
  const groups = new Map<number, string[]>();
  for (const path of route.paths) {
    const key = path.startsWith('~') ? 0 : path.length;
    groups.set(key, [...(groups.get(key) ?? []), path]);
  }
  if (groups.size <= 1) return [toMatcher(route, route.id, route.paths)];
  return [...groups.values()].map((paths, index) =>
    toMatcher(route, splitRouteId(route.id, index + 1), paths),
  );
}

function toMatcher(route: RouteEntity, id: string, paths: string[]): Matcher {
  const conditions = [
    methodCondition(route.methods),
    hostCondition(route.hosts),
    sniCondition(route.snis),
    ...[...route.headers].map(([name, values]) => headerCondition(name, values)),
  ];
  const matchPath = pathMatcher(paths);
  return {
    id,
    route,
    priority: routePriority(route, paths),
    matches: (request, path) =>
      conditions.every((condition) => condition(request)) ? matchPath(path) : undefined,
  };
}

type Condition = (request: RoutedRequest) => boolean;

function methodCondition(methods: string[]): Condition {
  return ({ method }) => methods.length === 0 || methods.includes(method);
}

function hostCondition(hosts: string[]): Condition {
  const wanted = hosts.map(splitPort);
  return ({ headers, serverPort }) => {
    if (wanted.length === 0) return true;
    const { host, port = serverPort } = splitPort(headers.first('host') ?? '');
    return wanted.some((each) => {
      if (each.port !== undefined && each.port !== port) return false;
      if (each.host.startsWith('*')) return host.endsWith(each.host.slice(1));
      if (each.host.endsWith('*')) return host.startsWith(each.host.slice(0, -1));
      return host === each.host;
    });
  };
}

/** Where there is no TLS, no name is asked for. */
function sniCondition(snis: string[]): Condition {
  return ({ tls }) => {
    if (snis.length === 0 || tls === undefined) return true;
    const { serverName } = tls;
    return serverName !== undefined && snis.some((sni) => matchesSni(sni, serverName));
  };
}

function matchesSni(sni: string, serverName: string): boolean {
  if (sni.endsWith('*') && !sni.startsWith('*')) return serverName.startsWith(sni.slice(0, -1));
  const name = sni.length > 1 && sni.endsWith('.') ? sni.slice(0, -1) : sni;
  return name.startsWith('*') ? serverName.endsWith(name.slice(1)) : serverName === name;
}

function splitPort(host: string): { host: string; port?: number } {
  const colon = host.indexOf(':');
  const port = Number(host.slice(colon + 1));
  if (colon === -1 || host.slice(colon + 1) === '' || Number.isNaN(port)) return { host };
  return { host: host.slice(0, colon), port };
}

/** Names and values without regard to case; a value that starts with `~*` is a regex. */
function headerCondition(name: string, values: string[]): Condition {
  const tests = values.map((value) => {
    const wanted = value.toLowerCase();
    if (!wanted.startsWith('~*')) return (text: string) => text === wanted;
    const regex = RE2JS.compile(toText(wanted.slice(2)));
    return (text: string) => regex.matcher(toText(text)).find();
  });
  return ({ headers }) => {
    const value = headers.lookUp(name.replaceAll('-', '_'));
    const given = Array.isArray(value) ? value : value === undefined ? [] : [value];
    return given.some((each) => tests.some((test) => test(String(each).toLowerCase())));
  };
}

function pathMatcher(paths: string[]): (path: string) => PathMatch | undefined {
  const none = { named: new Map<string, string>(), unnamed: [] };
  if (paths.length === 0) return () => ({ matched: undefined, captures: none });
  const matchers = paths.map((pattern) =>
    pattern.startsWith('~')
      ? regexMatcher(pattern.slice(1))
      : (path: string) =>
          path.startsWith(pattern) ? { matched: pattern, captures: none } : undefined,
  );
  return (path) => {
    for (const matcher of matchers) {
      const found = matcher(path);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

function regexMatcher(pattern: string): (path: string) => PathMatch | undefined {
  const source = toText(pattern).replaceAll('?<', '?P<');
  const regex = RE2JS.compile(`^${source}`);
  const names = [...source.matchAll(/\?P<([^>]+)>/g)].map((found) => found[1] ?? '');
  return (path) => {
    const matcher = regex.matcher(toText(path));
    if (!matcher.find()) return undefined;
    const bytes = (text: string | null) => Buffer.from(text ?? '', 'utf8').toString('latin1');
    const unnamed = Array.from({ length: matcher.groupCount() }, (_, index) =>
      bytes(matcher.group(index + 1)),
    );
    const named = new Map(names.map((name) => [bytes(name), bytes(matcher.group(name))]));
    return { matched: bytes(matcher.group(0)), captures: { named, unnamed } };
  };
}
