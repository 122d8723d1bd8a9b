import { isDeepStrictEqual } from 'node:util';
import { type JsonObject, ownMember } from '../../core/json.ts';
import { checkTokenType } from './check-introspected-claims.ts';

/** Said by the token and by the answer about it, they must be the same. */
const SAME = ['iss', 'sub', 'client_id', 'cnf'];

/**
 * Whether an issuer's answer about a JWT (RFC 7662 §2.2) speaks of another token than the one that was verified, or says
 * that it has ended. What the answer leaves out, the token says.
 *
 * @param now_seconds seconds since the Unix epoch, with fraction
 */
export function contradictsToken(
  claims: JsonObject,
  answer: JsonObject,
  now_seconds: number,
): boolean {
  const differs = SAME.some((name) => {
    const told = ownMember(answer, name);
    return told !== undefined && !isDeepStrictEqual(told, ownMember(claims, name));
  });
  const exp = ownMember(answer, 'exp');
  const hasEnded = exp !== undefined && (typeof exp !== 'number' || exp <= now_seconds);
  return differs || hasEnded || checkTokenType(answer) !== null;
}
