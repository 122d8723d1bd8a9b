import { authorizedRequest, type Caller } from '../../core/google/authorized-request.ts';
import { failureReason } from '../../core/google/failure-reason.ts';
import { parseJson } from '../../core/google/parse-json.ts';
import { isJsonObject, type JsonObject } from '../../core/json.ts';
import { ContextError } from './context-error.ts';

/** What an API says to a question. `denied` is 403: a permission is missing, or the API is not enabled. */
export type ApiAnswer =
  | { outcome: 'found'; body: JsonObject }
  | { outcome: 'not_found' | 'denied' | 'invalid' };

/** One of Google's REST APIs, asked with access tokens of one scope. */
export interface GoogleApi {
  /** @throws ContextError where there is no answer to the question */
  get(url: string, signal: AbortSignal): Promise<ApiAnswer>;
}

const MAX_BYTES = 1_048_576;
const MIN_RETRY_AFTER_MS = 1000;
/** An API that means to be gone for longer is asked again all the same. */
const MAX_RETRY_AFTER_MS = 60_000;

/** @param caller whose credentials may change between questions */
export function createGoogleApi(caller: () => Caller): GoogleApi {
  return {
    async get(url, signal) {
      const { status, data, headers } = await authorizedRequest<string>(
        caller(),
        { url, responseType: 'text' },
        // Once, as Google may close an idle connection just when a request goes out on it.
        { signal, max_bytes: MAX_BYTES, retries: 1 },
      ).catch((error) => {
        signal.throwIfAborted();
        throw new ContextError(failureReason(error), 'api', { cause: error });
      });
      switch (status) {
        case 200:
          return { outcome: 'found', body: readBody(data) };
        case 400:
          return { outcome: 'invalid' };
        case 403:
          return { outcome: 'denied' };
        case 404:
          return { outcome: 'not_found' };
        default: {
          const retry_after_ms = readRetryAfter(headers.get('retry-after'));
          throw new ContextError(`HTTP ${status}`, 'api', { retry_after_ms });
        }
      }
    },
  };
}

function readBody(text: unknown): JsonObject {
  const value = parseJson(String(text));
  if (isJsonObject(value)) return value;
  throw new ContextError('the answer is not a JSON object', 'question');
}

/** Google's APIs say seconds (RFC 9110 §10.2.3). */
function readRetryAfter(value: string | null): number | undefined {
  if (value === null || !/^\d{1,9}$/.test(value)) return undefined;
  return Math.min(Math.max(MIN_RETRY_AFTER_MS, Number(value) * 1000), MAX_RETRY_AFTER_MS);
}
