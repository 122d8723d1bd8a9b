import { type JsonObject, type JsonValue, ownMember } from '../../core/json.ts';
import { REVOKING_EVENTS, STREAM_EVENTS } from './event-types.ts';
import { readSubject, type SubjectMatch } from './read-subject.ts';
import type { Revocation } from './revocation.ts';
import { refused, type SecurityEventProblem } from './security-event-problem.ts';
import type { SecurityEvent } from './verify-security-event.ts';

export type RevocationReading =
  | {
      outcome: 'read';
      /** Empty where the event concerns no token. */
      revocations: readonly Revocation[];
      /** Event types that mean nothing here. */
      unknown_events: readonly string[];
    }
  | SecurityEventProblem;

const MAX_REVOCATIONS = 500;
/** Seconds; with room for a leeway. */
const ALWAYS = Number.MAX_SAFE_INTEGER / 2;

/**
 * Reads from a verified Security Event Token which tokens are no longer to be accepted.
 *
 * @param subject_issuers issuers whose tokens the transmitter may revoke besides its own
 * @param leeway_seconds how far their clocks may be ahead of the transmitter's
 */
export function readRevocations(
  event: SecurityEvent,
  subject_issuers: readonly string[],
  leeway_seconds: number,
): RevocationReading {
  const issuers = [...new Set([event.issuer, ...subject_issuers])];
  const revocations = new Map<string, Revocation>();
  const unknown_events: string[] = [];
  for (const [type, payload] of event.events) {
    if (!REVOKING_EVENTS.has(type)) {
      if (!STREAM_EVENTS.has(type)) unknown_events.push(type);
      continue;
    }
    const matches = readMatches(subjectsOf(event, payload), issuers);
    if ('outcome' in matches) return matches;
    const cutoff = readCutoff(event, payload);
    for (const { issuer, match } of matches) {
      const until = issuedUntil(match, cutoff, event.issued_at_seconds);
      const issued_until_seconds = until + (issuer === event.issuer ? 0 : leeway_seconds);
      const revocation: Revocation = { issuer, match, issued_until_seconds };
      revocations.set(JSON.stringify(revocation), revocation);
    }
  }
  if (revocations.size > MAX_REVOCATIONS) {
    return refused('invalid_request', 'the subject has too many identifiers');
  }
  return { outcome: 'read', revocations: [...revocations.values()], unknown_events };
}

/**
 * A token named by its `jti` is meant whatever the event's time, as it was issued before anyone could name it; where it is
 * named by nothing else, whatever its own time.
 */
function issuedUntil(
  [one, other]: Revocation['match'],
  cutoff: number,
  issued_at_seconds: number,
): number {
  if (one.claim === 'jti' && other === undefined) return ALWAYS;
  return one.claim === 'jti' || other?.claim === 'jti' ? issued_at_seconds : cutoff;
}

/**
 * The subject is in `sub_id` (SSF 1.0 §3.1), and in the event itself where the transmitter goes by a draft or writes it
 * into both. Both name the same one, so what either of them identifies is revoked.
 */
function subjectsOf({ claims }: SecurityEvent, payload: JsonObject): JsonValue[] {
  const subjects = [ownMember(claims, 'sub_id'), ownMember(payload, 'subject')];
  return subjects.filter((subject) => subject !== undefined);
}

/** A transmitter must learn of an event that has no effect; otherwise it believes that someone is locked out. */
function readMatches(
  subjects: readonly JsonValue[],
  issuers: readonly string[],
): SubjectMatch[] | SecurityEventProblem {
  if (subjects.length === 0) return refused('invalid_request', 'the event has no subject');
  const matches: SubjectMatch[] = [];
  for (const subject of subjects) {
    const reading = readSubject(subject, issuers);
    if (reading.outcome === 'malformed') {
      return refused('invalid_request', 'the subject is malformed');
    }
    if (reading.outcome === 'foreign_issuer') {
      return refused('access_denied', 'the subject is of an issuer the SET may not speak for');
    }
    matches.push(...reading.matches);
  }
  if (matches.length > 0) return matches;
  return refused('invalid_request', 'nothing in the subject can be compared with a token');
}

/**
 * When the event occurred: `event_timestamp` (CAEP 1.0 §2) or `toe` (RFC 8417 §2.2), else when the SET was issued. Later
 * than that it cannot have been, by the same clock, so the milliseconds that some write are no ban for ever; and a time
 * that is none must not keep the event from having an effect.
 */
function readCutoff({ claims, issued_at_seconds }: SecurityEvent, payload: JsonObject): number {
  const times = [ownMember(payload, 'event_timestamp'), ownMember(claims, 'toe')];
  const occurred = times.find(isTime) ?? issued_at_seconds;
  return Math.min(occurred, issued_at_seconds);
}

function isTime(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}
