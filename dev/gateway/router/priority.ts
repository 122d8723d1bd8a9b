import type { RouteEntity } from '../config/gateway-config.ts';

const MOST_HEADERS = 255;

/**
 * The rank of a route among those that match, as Kong packs it into 64 bits
 * (kong/router/transform.lua, `get_priority`). All paths are regexes or all are of one length.
 */
export function routePriority(route: RouteEntity, paths: string[]): bigint {
  const conditions = [route.methods, route.hosts, route.snis, paths].filter(
    (values) => values.length > 0,
  ).length;
  const weight = conditions + (route.headers.size > 0 ? 1 : 0);
  const hasOnlyPlainHosts =
    route.hosts.length > 0 && !route.hosts.some((host) => host.includes('*'));
  const isRegex = paths[0]?.startsWith('~') === true;
  const headers = Math.min(route.headers.size, MOST_HEADERS);
  const length = isRegex ? 0 : (paths[0]?.length ?? 0);
  const priority =
    (BigInt(weight) << 61n) |
    (hasOnlyPlainHosts ? 1n << 60n : 0n) |
    (BigInt(headers) << 52n) |
    (isRegex ? 1n << 51n : 0n) |
    (BigInt(isRegex ? route.regex_priority : 0) << 19n) |
    BigInt(length & 0x7ffff);
  return BigInt.asUintN(64, priority);
}
