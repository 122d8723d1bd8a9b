import type { Clock } from '../../core/clock.ts';
import { isJsonObject, type JsonObject, type JsonValue, ownMember } from '../../core/json.ts';
import type { AuthorizerConfig } from '../config.ts';
import type { KeyRegistry } from '../keys/create-key-registry.ts';
import { keyLimitsOf } from '../keys/key-limits-of.ts';
import { checkHeader } from '../token/check-header.ts';
import { parseJwt } from '../token/parse-jwt.ts';
import { verifySignature } from '../token/verify-signature.ts';
import { refused, type SecurityEventProblem } from './security-event-problem.ts';

/** `issuers` are the transmitters, with the audiences they know this receiver by. */
export type TransmitterConfig = Pick<
  AuthorizerConfig,
  | 'issuers'
  | 'leeway_seconds'
  | 'timeout_ms'
  | 'jwks_cache_seconds'
  | 'jwks_max_stale_seconds'
  | 'jwks_cooldown_seconds'
>;

/** A verified Security Event Token (RFC 8417). */
export interface SecurityEvent {
  /** The transmitter's `iss`. */
  readonly issuer: string;
  readonly jti: string;
  readonly issued_at_seconds: number;
  readonly claims: JsonObject;
  /** At least one; event type to payload. */
  readonly events: ReadonlyMap<string, JsonObject>;
}

export type SecurityEventVerdict =
  | { outcome: 'verified'; event: SecurityEvent }
  | SecurityEventProblem
  | { outcome: 'keys_unavailable'; retry_after_seconds: number };

/** In characters, each of which is a byte. */
const MAX_LENGTH = 65_536;

/** A SET tells of one event, under several types only where these mean the same (SSF 1.0 §4.2.1). */
const MAX_EVENTS = 20;

/**
 * Verifies a Security Event Token that was pushed here. Its `typ` keeps every other kind of JWT out, as it keeps SETs
 * from passing for access tokens (RFC 8417 §2.3, RFC 8725 §3.11).
 *
 * @returns a verdict for whatever text comes in; it throws only on a malfunction
 */
export async function verifySecurityEvent(
  text: string,
  config: TransmitterConfig,
  { clock, keys }: { clock: Clock; keys: KeyRegistry },
): Promise<SecurityEventVerdict> {
  if (text.length > MAX_LENGTH) return refused('invalid_request', 'the SET is too long');
  const jwt = parseJwt(text);
  if (jwt === null) return refused('invalid_request', 'the SET is not a well-formed signed JWT');
  const { header, claims } = jwt;
  const transmitter = config.issuers.find((entry) => entry.issuer === ownMember(claims, 'iss'));
  if (transmitter === undefined) return refused('invalid_issuer', 'the issuer is not accepted');
  switch (checkHeader(header, { ...transmitter, required_typ: 'secevent+jwt' })) {
    case null:
      break;
    case 'wrong_algorithm':
      return refused('invalid_key', 'the signature algorithm is not accepted');
    case 'wrong_type':
      return refused('invalid_request', 'the typ is not secevent+jwt');
    default:
      return refused('invalid_request', 'the SET header is not acceptable');
  }

  const kid = ownMember(header, 'kid');
  const { issuer, algorithms, audiences } = transmitter;
  const signature = await keys.withKeys(transmitter, keyLimitsOf(config), (keySet) =>
    verifySignature(text, typeof kid === 'string' ? kid : undefined, keySet, algorithms),
  );
  if (signature.outcome === 'keys_unavailable') return signature;
  if (signature.outcome !== 'verified') {
    return refused('invalid_key', 'no key of the issuer verifies the signature');
  }

  if (!names(audiences, ownMember(claims, 'aud'))) {
    return refused('invalid_audience', 'the audience is not accepted');
  }
  return readClaims(issuer, claims, clock() / 1000, config.leeway_seconds);
}

function readClaims(
  issuer: string,
  claims: JsonObject,
  now_seconds: number,
  leeway_seconds: number,
): SecurityEventVerdict {
  const iat = ownMember(claims, 'iat');
  if (!isNumericDate(iat)) return refused('invalid_request', 'the SET has no valid issue time');
  if (iat - leeway_seconds > now_seconds) {
    return refused('invalid_request', 'the SET was issued in the future');
  }
  // RFC 8417 §2.2 discourages it; where it is there, it is meant.
  const exp = ownMember(claims, 'exp');
  if (exp !== undefined && !(isNumericDate(exp) && exp + leeway_seconds > now_seconds)) {
    return refused('invalid_request', 'the SET has expired');
  }
  const nbf = ownMember(claims, 'nbf');
  if (nbf !== undefined && !(isNumericDate(nbf) && nbf - leeway_seconds <= now_seconds)) {
    return refused('invalid_request', 'the SET is not valid yet');
  }
  const jti = ownMember(claims, 'jti');
  if (typeof jti !== 'string' || jti === '') {
    return refused('invalid_request', 'the SET has no identifier');
  }
  // SSF 1.0 §4.1.2: so that it lacks what every access token needs.
  if (ownMember(claims, 'sub') !== undefined) {
    return refused('invalid_request', 'the SET has a sub; its subject belongs into sub_id');
  }
  const events = readEvents(ownMember(claims, 'events'));
  if (events === null) return refused('invalid_request', 'the events are malformed');
  return { outcome: 'verified', event: { issuer, jti, issued_at_seconds: iat, claims, events } };
}

/** RFC 8417 §2.2: a non-empty object of objects. */
function readEvents(value: JsonValue | undefined): ReadonlyMap<string, JsonObject> | null {
  if (!isJsonObject(value)) return null;
  const events = new Map<string, JsonObject>();
  for (const [type, payload] of Object.entries(value)) {
    if (!isJsonObject(payload)) return null;
    events.set(type, payload);
  }
  return events.size > 0 && events.size <= MAX_EVENTS ? events : null;
}

function names(accepted: readonly string[], aud: JsonValue | undefined): boolean {
  const audiences = Array.isArray(aud) ? aud : [aud];
  if (!audiences.every((one) => typeof one === 'string')) return false;
  return accepted.some((one) => audiences.includes(one));
}

/** `1e400` is JSON, and reads as infinity. */
function isNumericDate(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
