import { isJsonObject } from '../../../core/json.ts';
import { Malfunction } from '../../../core/malfunction.ts';

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
    if (cause.type === 'max-size') return 'the answer is too large';
    if (cause.name === 'AbortError' || cause.name === 'TimeoutError') {
      return 'no complete answer in time';
    }
  }
  if (isJsonObject(response) && typeof response.status === 'number') {
    // Of a success, gaxios complains only where the announced length is above the bound.
    const isSuccess = response.status >= 200 && response.status < 300;
    return isSuccess ? 'the answer is too large' : `HTTP ${response.status}`;
  }
  return typeof code === 'string' && /^[A-Z][A-Za-z0-9_]{1,40}$/.test(code) ? code : error.name;
}
