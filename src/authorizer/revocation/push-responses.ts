import type { JsonObject } from '../../core/json.ts';
import type { Respond } from '../../core/stage.ts';
import type { SecurityEventProblem } from './security-event-problem.ts';

/** RFC 8935 §2.2. */
export function accepted(log: JsonObject): Respond {
  return { outcome: 'respond', status: 202, headers: {}, body: '', log };
}

/** RFC 8935 §2.3: 400, except that who may not push at all learns it from HTTP itself. */
export function rejected(
  { err, description }: SecurityEventProblem,
  log: JsonObject,
  headers: Record<string, string> = {},
): Respond {
  return {
    outcome: 'respond',
    status: err === 'authentication_failed' ? 401 : 400,
    headers: { 'Content-Type': 'application/json', 'Content-Language': 'en', ...headers },
    body: JSON.stringify({ err, description }),
    log,
  };
}

export function methodNotAllowed(): Respond {
  return { outcome: 'respond', status: 405, headers: { Allow: 'POST' }, body: '' };
}

/** The transmitter delivers the event again. */
export function unavailable(retry_after_seconds: number, log: JsonObject): Respond {
  const headers = { 'Retry-After': String(retry_after_seconds) };
  return { outcome: 'respond', status: 503, headers, body: '', log };
}
