/** Registered names as DNS has them, and IP literals (RFC 3986 §3.2.2): nothing that could end the host early. */
const HOST = /^(?:[a-z0-9_][a-z0-9_.-]{0,254}|\[[0-9a-f:.]{2,45}\])$/i;

/**
 * Whether a text is a host and no more. A `Host` header may hold `?` and `@`, which would turn what comes after it in a
 * URL into something else.
 */
export function isUriHost(text: string): boolean {
  return HOST.test(text);
}
