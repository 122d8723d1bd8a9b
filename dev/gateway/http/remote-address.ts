import { isIP, SocketAddress } from 'node:net';
import type { HeaderList } from './header-list.ts';
import type { TrustedIps } from './trusted-ips.ts';

/** An address that a proxy tells, often without a port. */
export interface RemoteAddress {
  ip: string;
  port: number | undefined;
}

/**
 * `$remote_addr` and `$remote_port`: those of the peer or, where it is trusted, what its `X-Real-IP`
 * says (`real_ip_header`, not recursive). A header that holds no address is as good as none.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_realip_module.html
 */
export function remoteAddress(
  peer: RemoteAddress,
  headers: HeaderList,
  trusted: TrustedIps,
): RemoteAddress {
  if (!trusted.has(peer.ip)) return peer;
  // Of a list, nginx takes the last: the one that the nearest proxy has added.
  const told = headers
    .first('x-real-ip')
    ?.split(/[ ,]/)
    .findLast((part) => part !== '');
  return parseAddress(told ?? '') ?? peer;
}

function parseAddress(text: string): RemoteAddress | undefined {
  if (isIP(text) !== 0) return { ip: canonical(text), port: undefined };
  const [, bracketed, plain, digits] = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const ip = bracketed ?? plain ?? '';
  const port = Number(digits);
  if (isIP(ip) !== (bracketed === undefined ? 4 : 6) || port < 1 || port > 65_535) return undefined;
  return { ip: canonical(ip), port };
}

/** As nginx writes it, whatever the spelling. */
function canonical(ip: string): string {
  return new SocketAddress({ address: ip, family: isIP(ip) === 4 ? 'ipv4' : 'ipv6' }).address;
}
