import { type Clock, epochSeconds } from '../../../clock.ts';
import { isJsonObject, type JsonObject, ownMember } from '../../../json.ts';
import { Malfunction } from '../../../malfunction.ts';
import { parseJson } from '../../parse-json.ts';

const SAML = 'urn:ietf:params:oauth:token-type:saml2';

interface Expected {
  subject_token_type: string;
  /** Whether the response must say when the token expires. */
  must_expire: boolean;
  clock: Clock;
}

/**
 * Reads the subject token out of an executable's response.
 *
 * @throws Malfunction with nothing of the response but a short code
 * @see https://google.aip.dev/auth/4117 under "executable-sourced credentials"
 */
export function readExecutableResponse(text: string, expected: Expected): string {
  const response = parseJson(text);
  if (!isJsonObject(response)) throw unusable('is not a JSON object');
  if (ownMember(response, 'version') !== 1) throw unusable('is not of version 1');
  const success = ownMember(response, 'success');
  if (typeof success !== 'boolean') throw unusable('does not tell success');
  if (!success) throw new Malfunction(`the executable has no token${codeOf(response)}`);
  if (ownMember(response, 'token_type') !== expected.subject_token_type) {
    throw unusable('has another token_type than the credential has subject_token_type');
  }
  checkExpiration(ownMember(response, 'expiration_time'), expected);
  const member = expected.subject_token_type === SAML ? 'saml_response' : 'id_token';
  const token = ownMember(response, member);
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw unusable(`has no token in ${member}`);
  }
  return token;
}

/** Seconds since the Unix epoch. */
function checkExpiration(time: unknown, { must_expire, clock }: Expected): void {
  if (time === undefined && !must_expire) return;
  if (typeof time !== 'number') throw unusable('has no number in expiration_time');
  if (time <= epochSeconds(clock)) throw unusable('is expired');
}

/** The code may be anything; one that is longer may be a token. The message is left out. */
function codeOf(response: JsonObject): string {
  const code = ownMember(response, 'code');
  return typeof code === 'string' && /^\w{1,20}$/.test(code) ? `: code ${code}` : '';
}

function unusable(how: string): Malfunction {
  return new Malfunction(`the executable's response ${how}`);
}
