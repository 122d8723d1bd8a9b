import { type JsonObject, ownMember } from '../../core/json.ts';
import { parseIJson } from '../../core/parse-i-json.ts';
import { IntrospectionError } from './introspection-error.ts';

export type IntrospectionAnswer =
  | { outcome: 'active'; claims: JsonObject }
  | { outcome: 'inactive' };

/**
 * Reads the body of an introspection response (RFC 7662 §2.2).
 *
 * @returns the claims without `active`, which says something of the token and not of who is asking
 * @throws IntrospectionError where it says neither yes nor no, or when the token expires in a way that cannot be read
 */
export function readAnswer(bytes: Uint8Array): IntrospectionAnswer {
  const answer = parseIJson(bytes);
  if (answer === null) throw broken('the answer is not a JSON object');
  const active = ownMember(answer, 'active');
  if (typeof active !== 'boolean') throw broken('the answer has no boolean active');
  if (!active) return { outcome: 'inactive' };
  const exp = ownMember(answer, 'exp');
  // `1e400` is JSON, and reads as infinity.
  if (exp !== undefined && !(typeof exp === 'number' && Number.isFinite(exp))) {
    throw broken('the answer has an exp that is not a number');
  }
  const { active: _active, ...claims } = answer;
  return { outcome: 'active', claims: frozen(claims) };
}

/** One answer serves many requests: none of them may change it for the others. Parsing has bounded the depth. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(frozen);
    Object.freeze(value);
  }
  return value;
}

function broken(reason: string): IntrospectionError {
  return new IntrospectionError(reason, { concerns: 'token' });
}
