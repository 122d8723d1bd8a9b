/** Why a token could not be introspected, in words for the operator's log. */
export class IntrospectionError extends Error {
  /**
   * `endpoint`: it would fail for any token now. `token`: it may be this token alone that the endpoint cannot cope with,
   * and anyone can send such a token, so the others must not suffer for it.
   */
  readonly concerns: 'endpoint' | 'token';
  /** How long the endpoint has asked to be left alone. */
  readonly retry_after_ms: number | undefined;

  constructor(
    reason: string,
    { concerns, retry_after_ms }: { concerns: 'endpoint' | 'token'; retry_after_ms?: number },
  ) {
    super(reason);
    this.name = 'IntrospectionError';
    this.concerns = concerns;
    this.retry_after_ms = retry_after_ms;
  }
}

/** What failed, whoever says so: only fixed texts and codes, as a library's message may quote the request. */
export function introspectionErrorOf(error: unknown): IntrospectionError {
  if (error instanceof IntrospectionError) return error;
  const code = systemErrorCode(error);
  const reason = `the request failed${code === undefined ? '' : `: ${code}`}`;
  return new IntrospectionError(reason, { concerns: 'endpoint' });
}

/** `fetch` says only that it failed; the system's error code, such as ECONNREFUSED, is in its cause. */
export function systemErrorCode(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? code : undefined;
}
