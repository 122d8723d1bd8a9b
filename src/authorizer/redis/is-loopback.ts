import { isIPv4 } from 'node:net';

/** Whether what is sent to a host never leaves this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
