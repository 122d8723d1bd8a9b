const MIN_MS = 1000;
/** An endpoint that means to be gone for longer is asked again all the same. */
const MAX_RETRY_AFTER_MS = 60_000;

const DELAY_SECONDS = /^\d+$/;
const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Reads a `Retry-After` header (RFC 9110 §10.2.3): seconds or a date.
 *
 * @returns the wait, from a second to a minute; undefined where the header is absent or says neither
 */
export function readRetryAfter(value: string | null, now_ms: number): number | undefined {
  const text = value ?? '';
  const isDate = IMF_FIXDATE.test(text);
  if (!isDate && !DELAY_SECONDS.test(text)) return undefined;
  const wait_ms = isDate ? Date.parse(text) - now_ms : Number(text) * 1000;
  return Number.isNaN(wait_ms)
    ? undefined
    : Math.min(Math.max(MIN_MS, wait_ms), MAX_RETRY_AFTER_MS);
}
