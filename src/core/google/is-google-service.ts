import type { Environment } from './environment.ts';

/**
 * Whether a URL is the address of one of Google's services: global, of a region, for mutual TLS, or by Private Service
 * Connect. Not any name at googleapis.com: `bucket.storage.googleapis.com` is what somebody made it.
 *
 * @param service such as `sts`
 * @param path the whole of it
 * @see https://cloud.google.com/storage/docs/request-endpoints for names that look alike
 */
export function isGoogleService(
  url: string,
  { service, path }: { service: string; path: string },
  { GOOGLE_CLOUD_UNIVERSE_DOMAIN }: Environment,
): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, host, hostname, pathname, search, hash } = new URL(url);
  if (protocol !== 'https:' || host !== hostname || pathname !== path) return false;
  if (search !== '' || hash !== '') return false;
  return ['googleapis.com', GOOGLE_CLOUD_UNIVERSE_DOMAIN?.toLowerCase()].some((domain) => {
    if (domain === undefined || domain === '' || !hostname.endsWith(`.${domain}`)) return false;
    const name = hostname.slice(0, -domain.length - 1);
    if (!name.startsWith(service)) return false;
    return /^(?:|\.mtls|\.[a-z0-9-]+\.rep|-[a-z0-9-]+\.p)$/.test(name.slice(service.length));
  });
}
