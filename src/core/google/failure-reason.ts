import { isJsonObject } from '../json.ts';
import { Malfunction } from '../malfunction.ts';

/** RFC 6749 §5.2. */
const OAUTH_ERRORS = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  // RFC 8693 §2.2.2.
  'invalid_target',
]);

const TOO_LARGE = 'the answer is too large';
const NOT_IN_TIME = 'no complete answer in time';

/**
 * What may be told of a failed exchange with Google: a status, an error code or a message of our own. An answer's body
 * and a library's message are left out, as both may quote a token, an assertion or an e-mail address.
 */
export function failureReason(error: unknown): string {
  if (error instanceof Malfunction) return error.message;
  if (!(error instanceof Error)) return 'unknown error';
  const { response, code, cause } = error as Error & { response?: unknown; code?: unknown };
  if (isJsonObject(cause)) {
    // node-fetch, which gaxios fetches with, tells its errors apart by `type`.
    if (cause.type === 'max-size') return TOO_LARGE;
    if (cause.name === 'AbortError' || cause.name === 'TimeoutError') return NOT_IN_TIME;
  }
  if (isJsonObject(response) && typeof response.status === 'number') {
    // Of a success, gaxios complains only where the announced length is above the bound.
    if (response.status >= 200 && response.status < 300) return TOO_LARGE;
    const oauthError = isJsonObject(response.data) ? response.data.error : undefined;
    const known = typeof oauthError === 'string' && OAUTH_ERRORS.has(oauthError);
    return `HTTP ${response.status}${known ? ` ${oauthError}` : ''}`;
  }
  return typeof code === 'string' && /^[A-Z][A-Za-z0-9_]{1,40}$/.test(code) ? code : error.name;
}
