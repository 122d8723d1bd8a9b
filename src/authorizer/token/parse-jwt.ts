import type { JsonObject } from '../../core/json.ts';
import { parseIJson } from '../../core/parse-i-json.ts';

/** A JWT's contents, of which nothing is verified yet. */
export interface UnverifiedJwt {
  header: JsonObject;
  claims: JsonObject;
}

/**
 * Parses a JWT in JWS Compact Serialization (RFC 7515 §7.1), strictly: three parts of canonical base64url, header and
 * claims as I-JSON objects.
 *
 * @returns null for anything else: an opaque token, a JWE, an unsecured JWT
 */
export function parseJwt(token: string): UnverifiedJwt | null {
  const parts = token.split('.', 4);
  if (parts.length !== 3) return null;
  const [headerBytes, claimsBytes, signature] = parts.map(decodeBase64url);
  if (!headerBytes || !claimsBytes || !signature) return null;
  const header = parseIJson(headerBytes);
  const claims = parseIJson(claimsBytes);
  return header === null || claims === null ? null : { header, claims };
}

/** Refuses what a lenient decoder skips: two texts of one token would have two fingerprints. */
function decodeBase64url(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url');
  return text !== '' && bytes.toString('base64url') === text ? bytes : null;
}
