import { hash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Logger } from '../../core/logger.ts';
import { fact, type RequestFacts, type RequestNeeds } from '../../core/request.ts';
import { type SharedState, SharedStateUnavailable } from '../../core/shared-state.ts';
import type { Respond, Stage } from '../../core/stage.ts';
import type { KeyRegistry } from '../keys/create-key-registry.ts';
import type { SecurityEventsConfig } from './config.ts';
import { accepted, methodNotAllowed, rejected, unavailable } from './push-responses.ts';
import { readRevocations } from './read-revocations.ts';
import { REVOCATIONS_CHANNEL, type Revocation } from './revocation.ts';
import type { RevocationBook } from './revocation-book.ts';
import { toEntry } from './revocation-entry.ts';
import { refused, type SecurityEventProblem } from './security-event-problem.ts';
import {
  type SecurityEvent,
  type TransmitterConfig,
  verifySecurityEvent,
} from './verify-security-event.ts';

export type ReceiverConfig = TransmitterConfig & { security_events: SecurityEventsConfig };

export interface ReceiverDependencies {
  clock: Clock;
  keys: KeyRegistry;
  logger: Logger;
  /** Where revocations are published: the process's own shared state and, where configured, that of all gateways. */
  states: readonly [SharedState, ...SharedState[]];
  /** The process's own book, which hears of what is published. */
  book: Pick<RevocationBook, 'isFull'>;
}

const NEEDS: RequestNeeds = {
  attributes: ['method', 'raw_body'],
  headers: ['authorization', 'content-type'],
  handoff: [],
};

const RETRY_PUBLISHING_SECONDS = 5;
const RETRY_FULL_SECONDS = 60;

/**
 * Receives Security Event Tokens by push (RFC 8935) and publishes the revocations in them.
 *
 * @returns a stage that answers every request itself: 202 only once all who decide about tokens know
 */
export function createReceiverStage(
  config: ReceiverConfig,
  { clock, keys, logger, states, book }: ReceiverDependencies,
): Stage {
  const { push_authorization, subject_issuers, retention_seconds } = config.security_events;
  const expected = push_authorization === undefined ? null : digest(push_authorization);
  const challenge = { 'WWW-Authenticate': schemeOf(push_authorization) };

  function isAuthorized(authorization: string | undefined): boolean {
    return expected === null || timingSafeEqual(expected, digest(authorization ?? ''));
  }

  /** @returns whether everyone knows; what some know already does no harm, and is published again */
  async function publish(revocations: readonly Revocation[]): Promise<boolean> {
    const expires_at_ms = clock() + retention_seconds * 1000;
    const entries = revocations.map((revocation) => toEntry(revocation, expires_at_ms));
    const results = await Promise.allSettled(
      states.flatMap((state) => entries.map((entry) => state.publish(REVOCATIONS_CHANNEL, entry))),
    );
    const failures = results.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    const malfunction = failures.find((reason) => !(reason instanceof SharedStateUnavailable));
    if (malfunction !== undefined) throw malfunction;
    return failures.length === 0;
  }

  async function receive(set: string): Promise<Respond> {
    const verdict = await verifySecurityEvent(set, config, { clock, keys });
    if (verdict.outcome === 'refused') return reject(verdict);
    if (verdict.outcome === 'keys_unavailable') {
      return unavailable(verdict.retry_after_seconds, record('keys_unavailable'));
    }
    const { event } = verdict;
    const fields = describe(event);
    const reading = readRevocations(event, subject_issuers, config.leeway_seconds);
    if (reading.outcome === 'refused') return reject(reading, fields);
    const { revocations, unknown_events } = reading;
    if (revocations.length > 0 && book.isFull) {
      logger.error(fields, 'there is no room for further revocations');
      return unavailable(RETRY_FULL_SECONDS, record('full', fields));
    }
    if (!(await publish(revocations))) {
      return unavailable(RETRY_PUBLISHING_SECONDS, record('shared_state_unavailable', fields));
    }
    const result = {
      ...fields,
      revocations: revocations.length,
      ...(unknown_events.length > 0 ? { unknown_events: unknown_events.map(clip) } : {}),
    };
    logger.info(result, 'a security event was accepted');
    return accepted(record('accepted', result));
  }

  return {
    needs: () => NEEDS,
    run(facts) {
      if (fact(facts, 'method') !== 'POST') return methodNotAllowed();
      const headers = fact(facts, 'headers');
      if (!isAuthorized(headers.authorization)) {
        const problem = refused(
          'authentication_failed',
          'the Authorization header is not accepted',
        );
        return reject(problem, {}, challenge);
      }
      if (!isSecurityEvent(headers['content-type'])) {
        return reject(
          refused('invalid_request', 'the content type is not application/secevent+jwt'),
        );
      }
      const set = readBody(facts);
      if (set === null) {
        return reject(refused('invalid_request', 'the body is too large or cannot be read'));
      }
      return receive(set);
    },
  };
}

function reject(
  problem: SecurityEventProblem,
  fields: JsonObject = {},
  headers: Record<string, string> = {},
): Respond {
  const { err, description } = problem;
  return rejected(problem, record('refused', { ...fields, err, description }), headers);
}

function readBody(facts: RequestFacts): string | null {
  const body = fact(facts, 'raw_body');
  return 'text' in body ? body.text : null;
}

/** RFC 9110 §8.3.1: parameters do not change the type. */
function isSecurityEvent(contentType = ''): boolean {
  const [type = ''] = contentType.split(';', 1);
  return type.trim().toLowerCase() === 'application/secevent+jwt';
}

/** A header that is no scheme and credentials may be all secret. */
function schemeOf(authorization = ''): string {
  return /^basic /i.test(authorization) ? 'Basic realm="security events"' : 'Bearer';
}

/** Of equal length, which comparing in constant time needs. */
function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

function record(result: string, fields: JsonObject = {}): JsonObject {
  return { security_event: { result, ...fields } };
}

/** Who says what; about whom is not for a log. */
function describe({ issuer, jti, events }: SecurityEvent) {
  return { issuer, jti: clip(jti), events: [...events.keys()].map(clip) };
}

/** A transmitter's text, of a length that a log can bear. */
function clip(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}
