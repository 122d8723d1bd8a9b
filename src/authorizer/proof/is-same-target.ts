import { isUriHost } from './is-uri-host.ts';

/**
 * Compares a proof's `htu` with the URL of the request (RFC 9449 §4.3 item 9): without query and fragment, and after
 * syntax- and scheme-based normalization (RFC 3986 §6.2.2, §6.2.3) as far as it cannot make one target of two. So case
 * of scheme and host, default ports, an empty path and needless percent-encodings do not matter. Dot segments are
 * refused instead of removed, and so are backslashes, since servers differ on what they lead to; empty segments and
 * encoded slashes are told apart.
 *
 * A URL parser for browsers is not used: it drops tabs and line breaks, and takes `\` for `/`.
 */
export function isSameTarget(htu: string, url: string): boolean {
  const target = normalizeTarget(htu);
  return target !== null && target === normalizeTarget(url);
}

/** RFC 3986 appendix B, for http and https. */
const TARGET = /^(https?):\/\/([^/?#]*)([^?#]*)/i;
const AUTHORITY = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/;
/** Some of it is no RFC 3986 path, such as `|`, yet browsers send it as it is. It is compared as it is. */
const PATH = /^(?:%[0-9a-f]{2}|[!-$&-[\]-~])*$/i;
/** Written so, a port has only one text. */
const PORT = /^[1-9][0-9]{0,4}$/;
const DEFAULT_PORTS: Record<string, string> = { http: '80', https: '443' };

/** @returns null for what is not the URL of one target beyond doubt */
function normalizeTarget(text: string): string | null {
  const [, scheme = '', authority = '', path = ''] = TARGET.exec(text) ?? [];
  const [, host = '', givenPort = ''] = AUTHORITY.exec(authority) ?? [];
  const lowerScheme = scheme.toLowerCase();
  const port = givenPort === '' ? DEFAULT_PORTS[lowerScheme] : givenPort;
  if (!isUriHost(host) || port === undefined || !PORT.test(port)) return null;
  const normalPath = normalizePath(path);
  return normalPath === null ? null : `${lowerScheme}://${host.toLowerCase()}:${port}${normalPath}`;
}

function normalizePath(path: string): string | null {
  if (!PATH.test(path)) return null;
  const decoded = path.replace(/%../g, decodeUnreserved);
  const hasDotSegment = decoded.split('/').some((segment) => segment === '.' || segment === '..');
  return hasDotSegment ? null : decoded || '/';
}

/** RFC 3986 §2.3, §6.2.2.2. */
function decodeUnreserved(encoded: string): string {
  const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
  return /[A-Za-z0-9._~-]/.test(character) ? character : encoded.toUpperCase();
}
