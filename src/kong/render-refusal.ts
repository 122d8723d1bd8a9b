import { type Challenge, REFUSALS, type Refusal } from '../core/refusal.ts';

export interface RefusalResponse {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
}

/** Renders a refusal as `application/problem+json` (RFC 9457 §3), with its challenge and `Retry-After` as headers. */
export function renderRefusal(refusal: Refusal): RefusalResponse {
  const { status, title } = REFUSALS[refusal.code];
  const problem = {
    type: `urn:kong-cloud-run-auth:refusal:${refusal.code}`,
    title,
    status,
    ...(refusal.detail === undefined ? {} : { detail: refusal.detail }),
    code: refusal.code,
    ...(refusal.rule === undefined ? {} : { rule: refusal.rule }),
  };
  const headers: Record<string, string> = {
    ...refusal.headers,
    'Content-Type': 'application/problem+json',
    // A refusal may turn into an answer the moment a grant begins or keys return.
    'Cache-Control': 'no-store',
  };
  if (refusal.challenge) headers['WWW-Authenticate'] = renderChallenge(refusal.challenge);
  if (refusal.retry_after_seconds !== undefined) {
    headers['Retry-After'] = String(refusal.retry_after_seconds);
  }
  return { status, headers, body: JSON.stringify(problem) };
}

/** RFC 6750 §3, with RFC 9110 §11.2 quoted strings. */
function renderChallenge({ scheme = 'Bearer', ...challenge }: Challenge): string {
  const parameters = Object.entries(challenge).filter(([, value]) => value !== undefined);
  return `${scheme} ${parameters.map(([name, value]) => `${name}=${quote(value)}`).join(', ')}`;
}

function quote(value: string): string {
  const printable = value.replace(/[^\x20-\x7e]/g, '?');
  return `"${printable.replace(/["\\]/g, '\\$&')}"`;
}
