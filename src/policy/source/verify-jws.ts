import { compactVerify } from 'jose';
import { type JsonObject, ownMember } from '../../core/json.ts';
import { parseIJson } from '../../core/parse-i-json.ts';
import type { VerificationKey } from './parse-verification-key.ts';

export type JwsVerdict =
  | { outcome: 'verified'; header: JsonObject; payload: Uint8Array }
  | { outcome: 'refused'; reason: string };

/**
 * Verifies a JWS in compact serialization (RFC 7515 §7.1), strictly: canonical base64url, a header in I-JSON, no
 * extensions, and the type that is asked for, so that what was signed for one use is good for no other (RFC 8725 §3.11).
 *
 * @param typ the media type that the header must name, without `application/`
 */
export async function verifyJws(
  jws: string,
  typ: string,
  keys: readonly VerificationKey[],
): Promise<JwsVerdict> {
  const parts = jws.split('.', 4).map(decodeBase64url);
  const [headerBytes, payload, signature] = parts;
  if (parts.length !== 3 || !headerBytes || !payload || !signature) {
    return refused('it is not a JWS in compact serialization');
  }
  const header = parseIJson(headerBytes);
  if (header === null) return refused('its header is not a JSON object');
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) {
    return refused('its header asks for an extension');
  }
  if (!isType(ownMember(header, 'typ'), typ)) return refused(`its typ is not ${typ}`);
  const alg = ownMember(header, 'alg');
  const kid = ownMember(header, 'kid');
  const candidates = keys.filter(
    (key) =>
      key.algorithms.some((one) => one === alg) &&
      (kid === undefined || key.kid === undefined || key.kid === kid),
  );
  if (candidates.length === 0) return refused('no configured key matches its alg and kid');
  for (const { publicKey, algorithms } of candidates) {
    try {
      await compactVerify(jws, publicKey, { algorithms: [...algorithms] });
      return { outcome: 'verified', header, payload };
    } catch {
      // Whatever went wrong, this key has not verified it.
    }
  }
  return refused('its signature is not valid');
}

function refused(reason: string): JwsVerdict {
  return { outcome: 'refused', reason };
}

/** RFC 7515 §4.1.9: media types do not depend on case, and `application/` may be left out. */
function isType(value: unknown, typ: string): boolean {
  if (typeof value !== 'string') return false;
  const type = value.toLowerCase();
  return type === typ || type === `application/${typ}`;
}

/** Refuses what a lenient decoder skips. */
function decodeBase64url(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url');
  return text !== '' && bytes.toString('base64url') === text ? bytes : null;
}
