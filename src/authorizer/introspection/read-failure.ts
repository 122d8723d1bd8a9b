import { ownMember } from '../../core/json.ts';
import { parseIJson } from '../../core/parse-i-json.ts';
import { readBody } from '../read-body.ts';
import { IntrospectionError } from './introspection-error.ts';
import { readRetryAfter } from './read-retry-after.ts';

const MAX_BYTES = 65_536;

/** Statuses that tell of the endpoint, whatever the token was. 500 does not: a token may have caused it. */
const ENDPOINT_STATUSES = new Set([401, 408, 429, 502, 503, 504]);

/** What a server may call a wrong client (RFC 6749 §5.2), with whatever status. */
const CLIENT_ERRORS = new Set(['invalid_client', 'unauthorized_client']);

/** Only known texts of an answer are repeated in a log. */
const KNOWN_ERRORS = new Set([
  ...CLIENT_ERRORS,
  'invalid_request',
  'invalid_token',
  'insufficient_scope',
  'access_denied',
  'unsupported_token_type',
]);

/** Reads what a response other than 200 says of the endpoint, of this gateway as its client, or of the token. */
export async function readFailure(
  response: Response,
  now_ms: number,
  signal: AbortSignal,
): Promise<IntrospectionError> {
  const { status } = response;
  const error = await oauthError(response, signal);
  const isClientError = error !== undefined && CLIENT_ERRORS.has(error);
  const concerns = ENDPOINT_STATUSES.has(status) || isClientError ? 'endpoint' : 'token';
  const answer = `status ${status}${error === undefined ? '' : ` (${error})`}`;
  if (status === 401 || status === 403 || isClientError) {
    const reason = `the endpoint refuses this gateway as a client with ${answer}: check client_id, client_auth_method, the secret or key, and whether the client may introspect`;
    return new IntrospectionError(reason, { concerns });
  }
  const asksToWait = status === 429 || status === 503;
  const wait = asksToWait ? readRetryAfter(response.headers.get('retry-after'), now_ms) : undefined;
  return new IntrospectionError(`the endpoint answered with ${answer}`, {
    concerns,
    ...(wait === undefined ? {} : { retry_after_ms: wait }),
  });
}

/** The `error` of an answer that refuses the request (RFC 6749 §5.2), where it is a known one. */
async function oauthError(response: Response, signal: AbortSignal): Promise<string | undefined> {
  if (![400, 401, 403].includes(response.status)) {
    response.body?.cancel().catch(() => {});
    return undefined;
  }
  const body = await readBody(response, MAX_BYTES, signal).catch(() => null);
  const answer = body === null ? null : parseIJson(body);
  const error = answer === null ? undefined : ownMember(answer, 'error');
  return typeof error === 'string' && KNOWN_ERRORS.has(error) ? error : undefined;
}
