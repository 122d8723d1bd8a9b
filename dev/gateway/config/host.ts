/** What kind of address a host is and its port, after Kong's `normalize_ip`. */
export interface HostAddress {
  kind: 'name' | 'ipv4' | 'ipv6';
  port?: number;
}

/** @returns the address, or the message of the fault in it */
export function parseHost(host: string): HostAddress | string {
  const colons = host.split(':').length - 1;
  if (colons > 1) return parseIpv6(host);
  if (/^[\d.]+$/.test(host.replaceAll(':', ''))) return parseIpv4(host);
  return parseName(host);
}

function parseIpv4(host: string): HostAddress | string {
  const [, ...parts] = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?::(\d+))?$/.exec(host) ?? [];
  const octets = parts.slice(0, 4);
  if (octets.length < 4 || octets.some((octet) => Number(octet) > 255)) {
    return `invalid ipv4 address: ${host}`;
  }
  return withPort('ipv4', parts[4]);
}

function parseIpv6(host: string): HostAddress | string {
  const [, bracketed, rest = ''] = /^\[([^\]]*)\](.*)$/.exec(host) ?? [];
  const port = /^:(\d*)$/.exec(rest)?.[1];
  if (bracketed !== undefined && rest !== '' && port === undefined) return 'invalid ipv6 address';
  const address = bracketed ?? host;
  if (!URL.canParse(`http://[${address}]/`)) return `invalid ipv6 address: ${host}`;
  return withPort('ipv6', port);
}

function parseName(host: string): HostAddress | string {
  const port = /:(\d+)$/.exec(host)?.[1];
  const name = port === undefined ? host : host.slice(0, -port.length - 1);
  const segments = name.split('.');
  const isBad = (segment: string, index: number) =>
    segment.endsWith('-') || (segment === '' && index !== segments.length - 1);
  if (!/^[\w.-]+$/.test(name) || segments.some(isBad)) return `invalid hostname: ${host}`;
  return withPort('name', port);
}

function withPort(kind: HostAddress['kind'], port: string | undefined): HostAddress | string {
  if (port === undefined || port === '') return { kind };
  return Number(port) > 65535 ? 'invalid port number' : { kind, port: Number(port) };
}
