import type { RouteEntity } from '../config/gateway-config.ts';

/** The path for the upstream: service path and request path joined as `path_handling: v0` does. */
export function upstreamPath(route: RouteEntity, prefix: string, path: string): string {
  const base = route.service?.path ?? '/';
  const rest = withoutLeadingDots(path.slice(prefix.length));
  if (base.endsWith('/')) {
    if (!route.strip_path) return base + path.slice(1);
    if (rest === '') {
      if (base === '/') return '/';
      return path.endsWith('/') ? base : base.slice(0, -1);
    }
    return rest.startsWith('/') ? base.slice(0, -1) + rest : base + rest;
  }
  if (!route.strip_path) return path === '/' ? base : base + path;
  if (rest === '') return path.length > 1 && path.endsWith('/') ? `${base}/` : base;
  return rest.startsWith('/') ? base + rest : `${base}/${rest}`;
}

/** What stripping a prefix leaves must not climb out of the service's path. */
function withoutLeadingDots(rest: string): string {
  if (rest === '.' || rest === '..') return '';
  if (rest.startsWith('./')) return rest.slice(2);
  return rest.startsWith('../') ? rest.slice(3) : rest;
}
