import { securityEventsFields } from '../../../src/authorizer/revocation/config.ts';
import { createReceiverStage } from '../../../src/authorizer/revocation/create-receiver-stage.ts';
import type { SecurityEvent } from '../../../src/authorizer/revocation/verify-security-event.ts';
import { parseConfig } from '../../../src/core/config/parse-config.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type { RequestFacts } from '../../../src/core/request.ts';
import {
  type SharedEntry,
  type SharedState,
  SharedStateUnavailable,
} from '../../../src/core/shared-state.ts';
import type { Outcome, Respond } from '../../../src/core/stage.ts';
import {
  type Answer,
  configOf,
  createHarness,
  createKey,
  headerOf,
  ISSUER,
  JWKS_URI,
  keySet,
  NOW,
  OTHER_ISSUER,
  OTHER_JWKS_URI,
  type SigningKey,
  signToken,
} from '../support.ts';

export const RECEIVER = 'https://api.example.com/security-events';

export const CAEP = 'https://schemas.openid.net/secevent/caep/event-type';
export const RISC = 'https://schemas.openid.net/secevent/risc/event-type';
export const SSF = 'https://schemas.openid.net/secevent/ssf/event-type';
export const SESSION_REVOKED = `${CAEP}/session-revoked`;

export const key = createKey('RS256', 'key');
const otherKey = createKey('ES256', 'other');

export const ANSWERS: Record<string, Answer> = {
  [JWKS_URI]: keySet(key),
  [OTHER_JWKS_URI]: keySet(otherKey),
};

const TRANSMITTERS = [
  { issuer: ISSUER, audiences: ['second', RECEIVER], jwks_uri: JWKS_URI },
  { issuer: OTHER_ISSUER, audiences: ['other-audience'], jwks_uri: OTHER_JWKS_URI },
];

export const ALICE = { format: 'iss_sub', iss: ISSUER, sub: 'alice' };

/** Claims of a good SET; a change to undefined leaves the claim out. */
export function eventClaims(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    iss: ISSUER,
    aud: RECEIVER,
    iat: NOW - 5,
    jti: 'event-1',
    sub_id: ALICE,
    events: { [SESSION_REVOKED]: { event_timestamp: NOW - 60 } },
    ...changes,
  };
}

export function eventHeader(signer: SigningKey = key, changes: Record<string, unknown> = {}) {
  return headerOf(signer, { typ: 'secevent+jwt', ...changes });
}

export function goodEvent(changes: Record<string, unknown> = {}): string {
  return signToken(key, eventHeader(), eventClaims(changes));
}

/** The same SET of the other transmitter. */
export function otherEvent(changes: Record<string, unknown> = {}): string {
  const claims = eventClaims({ iss: OTHER_ISSUER, aud: 'other-audience', ...changes });
  return signToken(otherKey, eventHeader(otherKey), claims);
}

/** A SET as it is after verification. */
export function verifiedEvent(changes: Record<string, unknown> = {}): SecurityEvent {
  const claims: JsonObject = JSON.parse(JSON.stringify(eventClaims(changes)));
  const events = new Map(Object.entries(claims.events as { [type: string]: JsonObject }));
  return {
    issuer: String(claims.iss),
    jti: String(claims.jti),
    issued_at_seconds: Number(claims.iat),
    claims,
    events,
  };
}

/** Records what is published; one that is out of reach fails as the interface says. */
export function createTestState(failure?: Error) {
  const published: (SharedEntry & { channel: string })[] = [];
  const state: SharedState = {
    claim: async () => true,
    async publish(channel, entry) {
      if (failure) throw failure;
      published.push({ channel, ...entry });
    },
    subscribe: () => ({ isCurrent: () => true, current: async () => {}, close() {} }),
  };
  return { state, published };
}

export const UNREACHABLE = new SharedStateUnavailable('out of reach');

export interface ReceiverOptions {
  security_events?: JsonObject;
  states?: readonly [SharedState, ...SharedState[]];
  isFull?: boolean;
  answers?: Record<string, Answer>;
}

export function createReceiver(options: ReceiverOptions = {}) {
  const issuing = configOf({ issuers: TRANSMITTERS });
  const security_events = parseConfig(securityEventsFields, options.security_events ?? {});
  const config = { ...issuing, security_events };
  const harness = createHarness(issuing, options.answers ?? ANSWERS);
  const { clock, logger, resources, advance } = harness;
  const { state, published } = createTestState();
  const stage = createReceiverStage(config, {
    clock,
    logger,
    keys: resources.keys,
    states: options.states ?? [state],
    book: { isFull: options.isFull ?? false },
  });
  return {
    config,
    clock,
    logger,
    advance,
    keys: resources.keys,
    stage,
    published,
    request: async (facts: RequestFacts) => responseOf(await stage.run(facts)),
    push: async (text: string, headers: Record<string, string> = {}) =>
      responseOf(await stage.run(pushed(text, headers))),
  };
}

export function pushed(text: string, headers: Record<string, string> = {}): RequestFacts {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/secevent+jwt', ...headers },
    raw_body: { text },
  };
}

function responseOf(outcome: Outcome): Respond {
  if (outcome.outcome !== 'respond') throw new Error(`the receiver went on: ${outcome.outcome}`);
  return outcome;
}

/** Status and, where there is one, error code. */
export function answerOf({ status, body }: Respond): string {
  return body === '' ? String(status) : `${status} ${JSON.parse(body).err}`;
}
