import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { networkReason } from './network-reason.ts';

/**
 * Opens a connection to where a URL leads, TLS included, and closes it. Nothing is sent: what is asked for there needs
 * credentials.
 *
 * @returns why it cannot be reached; undefined where it can
 */
export function reachEndpoint(url: string, timeout_ms: number): Promise<string | undefined> {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const isTls = protocol === 'https:';
  return new Promise((resolve) => {
    const to = { host, port: Number(port) || (isTls ? 443 : 80) };
    // An address is no server name (RFC 6066 §3).
    const isName = /[a-z]/i.test(host) && !host.includes(':');
    const socket = isTls
      ? connectTls({ ...to, ...(isName ? { servername: host } : {}) })
      : connectTcp(to);
    const end = (reason: string | undefined) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reason);
    };
    const timer = setTimeout(() => end(`no connection within ${timeout_ms} ms`), timeout_ms);
    socket.once(isTls ? 'secureConnect' : 'connect', () => end(undefined));
    socket.on('error', (error) => end(networkReason(error)));
  });
}
