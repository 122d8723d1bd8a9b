/**
 * Why a server could not be reached: the system's or TLS's error code, such as ECONNREFUSED or CERT_HAS_EXPIRED, which
 * `fetch` has in its error's cause.
 */
export function networkReason(error: unknown): string {
  for (const candidate of [error, error instanceof Error ? error.cause : undefined]) {
    const code = candidate instanceof Error && 'code' in candidate ? candidate.code : undefined;
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code)) return code;
  }
  return 'the connection failed';
}
