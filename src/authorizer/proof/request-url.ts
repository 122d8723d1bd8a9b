import { isUriHost } from './is-uri-host.ts';

const ORIGIN = /^(?:http|https):\/\/(.*):([0-9]{1,5})$/;

/**
 * Builds the URL that the client addressed, as `htu` must have it (RFC 9110 §7.1).
 *
 * @param forwarded_origin scheme, host and port as they were before the last proxy, such as `https://api.example.com:443`
 * @param request_uri the request target as the client sent it; nginx gives an absolute form without its origin
 * @returns null where they make no URL beyond doubt: a host that holds a delimiter, such as `Host: example.com?`; a
 *   request target that is no path (`*`, RFC 9112 §3.2.4), or has a fragment, which RFC 9112 §3.2 does not know
 */
export function requestUrl({
  forwarded_origin,
  request_uri,
}: {
  forwarded_origin: string;
  request_uri: string;
}): string | null {
  const host = ORIGIN.exec(forwarded_origin)?.[1];
  if (host === undefined || !isUriHost(host)) return null;
  if (!request_uri.startsWith('/') || request_uri.includes('#')) return null;
  return `${forwarded_origin}${request_uri}`;
}
