import type { Exchange, Forwarded } from './exchange.ts';
import type { TrustedIps } from './trusted-ips.ts';

/**
 * What Kong settles once it has found the route (kong/runloop/handler.lua): of a trusted peer's
 * `X-Forwarded-…` headers the first value each, as it stands, else what Kong has seen itself.
 * `X-Forwarded-For` is passed on, and the peer's address added to it, whoever sent it.
 */
export function forwardedOf(exchange: Exchange, trusted: TrustedIps): Forwarded {
  const { incoming, match, rawPath } = exchange;
  const isTrusted = trusted.has(incoming.client.ip);
  const told = (name: string) => (isTrusted ? firstValue(exchange, name) : undefined);
  const chain = firstValue(exchange, 'x_forwarded_for');
  return {
    for: chain === undefined ? incoming.remote.ip : `${chain}, ${incoming.client.ip}`,
    proto: told('x_forwarded_proto') ?? incoming.scheme,
    host: told('x_forwarded_host') ?? incoming.host,
    port: told('x_forwarded_port') ?? String(incoming.server.port),
    path: told('x_forwarded_path') ?? rawPath,
    prefix: told('x_forwarded_prefix') ?? (match?.prefix === '/' ? undefined : match?.prefix),
  };
}

function firstValue({ headers }: Exchange, name: string): string | undefined {
  const value = headers.lookUp(name);
  const first = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' ? first : undefined;
}
