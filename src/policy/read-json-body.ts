import { parseIJsonValue } from '../core/parse-i-json.ts';
import { fact, type RequestFacts } from '../core/request.ts';
import { RequestProblem } from './cel/request-problem.ts';
import type { BodyView } from './cel/variables.ts';

const TOO_LARGE = 'the body is too large to be read';
const NOT_JSON =
  'the body is not JSON that reads the same to everyone, sent as application/json in UTF-8';

/**
 * Reads the body of a request as I-JSON (RFC 7493): whatever another reader could take for something else is a problem
 * of the request, met by the rule that reads it.
 *
 * @returns undefined where the request has no body
 */
export function readJsonBody(facts: RequestFacts, maxBytes: number): BodyView | undefined {
  const body = fact(facts, 'raw_body');
  if ('problem' in body || body.text.length > maxBytes) {
    return new RequestProblem('body_too_large', TOO_LARGE);
  }
  if (body.text === '') return undefined;
  const value = isJson(facts.headers?.['content-type'] ?? '')
    ? parseIJsonValue(Buffer.from(body.text, 'latin1'))
    : undefined;
  return value === undefined ? new RequestProblem('invalid_request', NOT_JSON) : { value };
}

/** `application/json` or `application/…+json` (RFC 6839 §3.1), of no other charset. A repeated header has a comma. */
function isJson(contentType: string): boolean {
  const [type = '', ...parameters] = contentType.toLowerCase().split(';');
  return (
    !contentType.includes(',') &&
    /^\s*application\/(?:[^\s/]+\+)?json\s*$/.test(type) &&
    parameters.every((parameter) => !/^\s*charset\s*=(?!\s*"?utf-8"?\s*$)/.test(parameter))
  );
}
