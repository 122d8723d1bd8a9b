import { isJsonObject } from '../json.ts';

/** How deep a reason may lie under others. */
const MAX_CAUSES = 5;

/**
 * How long whoever answered asked to be left alone (RFC 9110 §10.2.3), of an error or of what caused it. Google's APIs
 * say seconds.
 *
 * @returns milliseconds; undefined where nothing was said
 */
export function retryAfterMs(error: unknown): number | undefined {
  let cause = error;
  for (let depth = 0; depth < MAX_CAUSES && cause instanceof Error; depth += 1) {
    const value = headerOf((cause as { response?: unknown }).response);
    if (value !== undefined && /^\d{1,9}$/.test(value)) return Number(value) * 1000;
    cause = cause.cause;
  }
  return undefined;
}

/** @param response of the library's transport, whose headers are of one of several classes */
function headerOf(response: unknown): string | undefined {
  const headers: unknown = isJsonObject(response) ? response.headers : undefined;
  if (typeof headers !== 'object' || headers === null || !('get' in headers)) return undefined;
  const value: unknown = typeof headers.get === 'function' ? headers.get('retry-after') : undefined;
  return typeof value === 'string' ? value : undefined;
}
