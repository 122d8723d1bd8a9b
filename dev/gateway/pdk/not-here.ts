/** Groups of PDK functions, and single ones, that Kong has and the development gateway has not. */
const MISSING = [
  /^kong\.service\.(?:set_|response\.)/,
  /^kong\.service\.request\.(?:set_body|clear_query_arg|enable_buffering|disable_tls)$/,
  /^kong\.response\.(?:get|set)_raw_body$/,
  /^kong\.client\.tls\./,
  /^kong\.(?:cluster|telemetry|tracing|table)\./,
  /^kong\.vault\.(?:update|try|flush|parse_reference)$/,
  /^kong\.nginx\.get_statistics$/,
  /^kong\.node\.get_memory_stats$/,
  /^kong\.log\.(?:inspect|deprecation)/,
];

export function notHere(method: string): boolean {
  return MISSING.some((pattern) => pattern.test(method));
}
