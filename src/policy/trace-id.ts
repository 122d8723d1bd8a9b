/**
 * Reads the trace-id of a `traceparent` header (https://www.w3.org/TR/trace-context/#traceparent-header).
 *
 * @returns 32 hex digits, or undefined where the header is missing or malformed
 */
export function readTraceId(traceparent: string | undefined): string | undefined {
  const match = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}/.exec(
    traceparent ?? '',
  );
  return match?.[1];
}
