import type { Clock } from '../../core/clock.ts';
import { readBody } from '../read-body.ts';
import type { AuthenticateClient } from './client-authentication.ts';
import { IntrospectionError, systemErrorCode } from './introspection-error.ts';
import { type IntrospectionAnswer, readAnswer } from './read-answer.ts';
import { readFailure } from './read-failure.ts';

/** Beyond what any token says; parsing it holds up all routes. */
const MAX_BYTES = 32_768;

const CLOSED_CODES = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

export interface IntrospectionRequest {
  token: string;
  endpoint: string;
  authenticate: AuthenticateClient;
}

/**
 * Asks an authorization server about a token, once (RFC 7662 §2.1). A redirect is not followed: the request carries
 * a token and the client's own credentials.
 *
 * @returns the answer and how large it was
 * @throws IntrospectionError saying what is wrong with the answer; whatever `fetch` throws
 */
export async function requestIntrospection(
  request: IntrospectionRequest,
  { clock, fetch }: { clock: Clock; fetch: typeof globalThis.fetch },
  signal: AbortSignal,
): Promise<{ answer: IntrospectionAnswer; bytes: number }> {
  const response = await sendAgainIfClosed(() => send(request, fetch, signal), signal);
  if (response.status !== 200 || response.redirected) {
    throw await readFailure(response, clock(), signal);
  }
  const body = await readBody(response, MAX_BYTES, signal);
  if (body === null) {
    const reason = `the answer is larger than ${MAX_BYTES} bytes`;
    throw new IntrospectionError(reason, { concerns: 'token' });
  }
  return { answer: readAnswer(body), bytes: body.byteLength };
}

async function send(
  { token, endpoint, authenticate }: IntrospectionRequest,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<Response> {
  const { headers, parameters } = await authenticate();
  const form = { token, token_type_hint: 'access_token', ...parameters };
  return fetch(endpoint, {
    method: 'POST',
    headers: {
      ...headers,
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams(form).toString(),
    redirect: 'manual',
    signal,
  });
}

/**
 * A server may close an idle connection just as a request goes out on it. That is no outage, and asking twice about a
 * token changes nothing.
 */
async function sendAgainIfClosed(
  attempt: () => Promise<Response>,
  signal: AbortSignal,
): Promise<Response> {
  try {
    return await attempt();
  } catch (error) {
    const code = systemErrorCode(error);
    if (signal.aborted || code === undefined || !CLOSED_CODES.has(code)) throw error;
    return attempt();
  }
}
