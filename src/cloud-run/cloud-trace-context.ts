const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})/;
const CLOUD_TRACE_CONTEXT = /^[0-9a-f]{32}(?:\/\d{1,20})?(?:;o=\d)?$/i;

/** @returns 32 hex digits that are not all zero */
export type CreateTraceId = () => string;

/**
 * The header by which Google knows a trace, of the header by which everybody else does, so that Cloud Run's log entries
 * are found under the trace that Kong's are found under. `traceparent` itself goes on as it is.
 *
 * Without any trace one begins here, and Cloud Run decides whether to sample it.
 *
 * @param traceparent of the request, empty where there is none
 * @param cloudTraceContext of the request, empty where there is none: a load balancer of Google's may have set it
 * @returns undefined where what the request has is right
 * @see https://cloud.google.com/trace/docs/trace-context
 */
export function cloudTraceContext(
  traceparent: string,
  cloudTraceContext: string,
  createTraceId: CreateTraceId,
): string | undefined {
  const [, trace, span, flags] = TRACEPARENT.exec(traceparent) ?? [];
  if (trace !== undefined && span !== undefined && flags !== undefined) {
    const isSampled = (Number.parseInt(flags, 16) & 1) === 1;
    return `${trace}/${BigInt(`0x${span}`)};o=${isSampled ? 1 : 0}`;
  }
  if (CLOUD_TRACE_CONTEXT.test(cloudTraceContext)) return undefined;
  return `${createTraceId()}/1`;
}
