import { isIPv6 } from 'node:net';
import { InvalidArgumentError } from 'commander';

const LOOPBACK = '127.0.0.1';
const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/;

/** `9100`, `127.0.0.1:9100`, `metrics.internal:9100`, `[::1]:9100`. Port 0 is any that is free. */
export function parseAddress(text: string): { host: string; port: number } {
  const [, bracketed, plain, digits = ''] = /^(?:\[(.*)\]:|([^:]*):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const host = bracketed ?? plain ?? LOOPBACK;
  const isHost = bracketed === undefined ? HOST_NAME.test(host) : isIPv6(host);
  if (digits !== '' && port <= 65_535 && isHost) return { host, port };
  throw new InvalidArgumentError(
    'Expected HOST:PORT or PORT, with an IPv6 address in brackets, as in 127.0.0.1:9100 or [::1]:9100.',
  );
}
