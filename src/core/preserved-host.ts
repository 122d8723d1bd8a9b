/** Whether the upstream gets the client's `Host`, and whether the route names those that it may be. */
export type PreservedHost = 'none' | 'named' | 'any';

/** Kong takes a wildcard at either end of a host; one at its right is a name in anybody's domain. */
const ANYBODYS = /\*(?::\d+)?$/;

/**
 * @param preserve_host of the route
 * @param hosts of the route, none of them where any will do
 */
export function preservedHost(preserve_host: boolean, hosts: readonly string[]): PreservedHost {
  if (!preserve_host) return 'none';
  return hosts.length > 0 && !hosts.some((host) => ANYBODYS.test(host)) ? 'named' : 'any';
}
