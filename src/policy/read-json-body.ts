import { isJsonObject, type JsonValue } from '../core/json.ts';
import { parseIJsonValue } from '../core/parse-i-json.ts';
import { fact, type RequestFacts } from '../core/request.ts';
import { RequestProblem } from './cel/request-problem.ts';
import type { BodyView } from './cel/variables.ts';

const TOO_LARGE = 'the body is too large to be read';
const ALIKE = 'the body has two members whose names differ in case only';
const NOT_JSON =
  'the body is not JSON that reads the same to everyone, sent as application/json in UTF-8 and not compressed';

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
  const isPlain =
    isJson(header(facts, 'content-type')) && isUnencoded(header(facts, 'content-encoding'));
  const value = isPlain ? parseIJsonValue(Buffer.from(body.text, 'latin1')) : undefined;
  if (value === undefined) return new RequestProblem('invalid_request', NOT_JSON);
  return checkMembers(value) ?? { value };
}

function header({ headers = {} }: RequestFacts, name: string): string {
  return headers[name] ?? '';
}

function isUnencoded(encoding: string): boolean {
  return /^\s*(?:identity)?\s*$/i.test(encoding);
}

/** Rules look at every value, which takes time that all requests share. */
const MOST_VALUES = 20_000;

/** Some readers, Go's for one, take a member whose name differs in case for the one they look for, and the last of two. */
function checkMembers(body: JsonValue): RequestProblem | undefined {
  const rest: JsonValue[] = [body];
  for (let count = 1; ; count += 1) {
    const value = rest.pop();
    if (value === undefined) return undefined;
    if (count > MOST_VALUES) return new RequestProblem('body_too_large', TOO_LARGE);
    if (Array.isArray(value)) {
      for (const element of value) rest.push(element);
    } else if (isJsonObject(value)) {
      const names = Object.keys(value);
      if (new Set(names.map((name) => name.toUpperCase().toLowerCase())).size < names.length) {
        return new RequestProblem('invalid_request', ALIKE);
      }
      for (const member of Object.values(value)) rest.push(member);
    }
  }
}

/** `application/json` or `application/…+json` (RFC 6839 §3.1), of no other charset. A repeated header has a comma. */
function isJson(contentType: string): boolean {
  const [type = '', ...parameters] = contentType.toLowerCase().split(';');
  return (
    !contentType.includes(',') &&
    /^\s*application\/(?:[^\s/]+\+)?json\s*$/.test(type) &&
    parameters.every((parameter) => !/^\s*charset\*?\s*=(?!\s*"?utf-8"?\s*$)/.test(parameter))
  );
}
