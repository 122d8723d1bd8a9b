/**
 * The host of a service, of one of a traffic tag (`TAG---SERVICE-…`).
 *
 * @see https://cloud.google.com/run/docs/rollouts-rollbacks-traffic-migration#tags
 */
export function withoutTag(host: string): { host: string; tag: string | undefined } {
  const [, tag, rest] = /^([a-z0-9-]+?)---(.+)$/i.exec(host) ?? [];
  return rest === undefined ? { host, tag: undefined } : { host: rest, tag };
}
