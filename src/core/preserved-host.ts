/** Whether the upstream gets the client's `Host`, and whether the route names those that it may be. */
export type PreservedHost = 'none' | 'named' | 'any';

/**
 * @param preserve_host of the route
 * @param hosts of the route, none of them where any will do. One with a wildcard, at either end as Kong takes it, may be
 *   anybody's: `*.run.app`, `api.*`.
 */
export function preservedHost(preserve_host: boolean, hosts: readonly string[]): PreservedHost {
  if (!preserve_host) return 'none';
  return hosts.length > 0 && !hosts.some((host) => host.includes('*')) ? 'named' : 'any';
}
