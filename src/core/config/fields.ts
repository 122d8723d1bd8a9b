import { z } from 'zod';

/**
 * The fields of one plugin, defined once: the parser and the type come from this object,
 * the Kong schema from `toKongSchema`.
 */
export type ConfigFields = z.ZodObject<z.ZodRawShape>;

/** Marks a string that Kong may resolve from a vault (`{vault://env/some-name}`) and must not show. */
export const REFERENCEABLE = { referenceable: true } as const;

const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

/** True for https URLs, and for http URLs that never leave this machine. */
export function isSecureUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '' || url.hash !== '') return false;
  return (
    url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK_HOSTS.has(url.hostname))
  );
}

/** A URL the plugin will fetch or compare. */
export function secureUrl(description: string) {
  return z
    .string()
    .max(2048)
    .refine(isSecureUrl, {
      error: 'must be an https URL (http only on loopback), without user information or fragment',
    })
    .describe(description);
}

/** RFC 9110 §5.1 field name, with the headers left out that would break the request if a claim set them. */
export const headerName = z
  .string()
  .max(128)
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: 'must be an HTTP header name' })
  .refine((name) => !RESERVED_HEADERS.has(name.toLowerCase()), {
    error: 'must not be a header that HTTP itself or the gateway uses',
  });

const RESERVED_HEADERS = new Set([
  'connection',
  'content-length',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-real-ip',
]);
