import type { DoctorRoute, GatewayTarget } from '../../check.ts';
import type { RouteRequest } from './gateway-client.ts';

const METADATA = '/.well-known/oauth-protected-resource';

/**
 * A request that Kong's router gives to a route: one of its plain paths, its host and its headers.
 *
 * @returns a reason where there is none that may be sent
 */
export function requestOfRoute(
  { paths, hosts, methods, headers: wanted = {}, protocols }: DoctorRoute,
  { url, path: asked }: Pick<GatewayTarget, 'url' | 'path'>,
): RouteRequest | { reason: string } {
  // An answer to HEAD has no body, and so does not tell whose it is.
  if (methods.length > 0 && !methods.includes('GET')) {
    return { reason: `takes ${methods.join(', ')} alone, and only GET is sent` };
  }
  if (!protocols.includes(url.protocol.slice(0, -1))) {
    return {
      reason: `takes ${protocols.join(', ')} alone, and the gateway is asked by ${url.protocol.slice(0, -1)}`,
    };
  }
  const path = asked ?? ownPath(paths);
  if (path === undefined) return { reason: 'has no plain path to ask for; choose one with --path' };
  const headers: Record<string, string> = {};
  for (const [name, [value]] of Object.entries(wanted))
    if (value !== undefined) headers[name] = value;
  const host = hosts.find((one) => !one.includes('*')) ?? hosts[0];
  if (host !== undefined)
    headers.Host = host.replace(/^\*\./, 'doctor.').replace(/\.\*$/, '.example');
  return { path, headers };
}

function ownPath(paths: readonly string[]): string | undefined {
  if (paths.length === 0) return '/';
  return paths.find((path) => path.startsWith('/') && !path.startsWith(METADATA));
}

/** Whether `--path` may lead to a route: under one of its prefixes, or where it has none or patterns alone. */
export function mayTake({ paths }: DoctorRoute, path: string): boolean {
  return paths.length === 0 || paths.some((one) => one.startsWith('~') || path.startsWith(one));
}
