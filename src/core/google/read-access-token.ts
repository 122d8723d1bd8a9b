import type { Clock } from '../clock.ts';
import { isJsonObject, ownMember } from '../json.ts';
import { Malfunction } from '../malfunction.ts';
import type { AccessToken } from './access-token-source.ts';

const MAX_LENGTH = 16_384;
/** An organization may let service accounts have tokens of twelve hours. */
const MAX_SECONDS = 43_200;

/**
 * Reads an access token response (RFC 6749 §5.1).
 *
 * @throws Malfunction where it is none, without a value in it
 */
export function readAccessToken(answer: unknown, clock: Clock): AccessToken {
  const text = isJsonObject(answer) ? ownMember(answer, 'access_token') : undefined;
  const seconds = isJsonObject(answer) ? ownMember(answer, 'expires_in') : undefined;
  const isToken =
    typeof text === 'string' && text.length <= MAX_LENGTH && /^[\x21-\x7e]+$/.test(text);
  if (!isToken || typeof seconds !== 'number' || !(seconds > 0)) {
    throw new Malfunction('the answer is not an access token');
  }
  return { text, expires_at_ms: clock() + Math.min(seconds, MAX_SECONDS) * 1000 };
}
