import { describe, expect, it } from 'vitest';
import {
  type SecurityEventVerdict,
  verifySecurityEvent,
} from '../../../src/authorizer/revocation/verify-security-event.ts';
import {
  base64url,
  claimsOf,
  configOf,
  createHarness,
  createKey,
  goodToken,
  headerOf,
  hmacToken,
  ISSUER,
  JWKS_URI,
  json,
  NOW,
  OTHER_ISSUER,
  reason,
  signToken,
} from '../support.ts';
import {
  ANSWERS,
  createReceiver,
  eventClaims,
  eventHeader,
  goodEvent,
  key,
  otherEvent,
  SESSION_REVOKED,
} from './support.ts';

const stranger = createKey('RS256', 'key');
const unknown = createKey('RS256', 'unknown');
const ec = createKey('ES384', 'key');
const publicPem = String(key.publicKey.export({ type: 'spki', format: 'pem' }));

const { config, clock, keys } = createReceiver();
const verify = (text: string) => verifySecurityEvent(text, config, { clock, keys });

/** A SET that a case changes in its header. */
const header = (changes: Record<string, unknown>) =>
  signToken(key, eventHeader(key, changes), eventClaims());
/** A SET signed over these very characters. */
const text = (claims: string) => signToken(key, eventHeader(), claims);

const claimsText = JSON.stringify(eventClaims());
const EVENTS = { [SESSION_REVOKED]: {} };

function summary(verdict: SecurityEventVerdict): string {
  if (verdict.outcome !== 'refused') return verdict.outcome;
  return `${verdict.err}: ${verdict.description}`;
}

describe('a SET', () => {
  it.each([
    ['of the first transmitter', goodEvent()],
    ['of the second, for its own audience', otherEvent()],
    ['with several audiences', goodEvent({ aud: ['elsewhere', 'second'] })],
    ['without exp', goodEvent({ exp: undefined })],
    ['with an exp that has not passed', goodEvent({ exp: NOW + 1 })],
    ['with an exp within the leeway', goodEvent({ exp: NOW - 29 })],
    ['issued ahead of time within the leeway', goodEvent({ iat: NOW + 30 })],
    ['issued long ago', goodEvent({ iat: NOW - 400_000 })],
    ['issued at a fraction of a second', goodEvent({ iat: NOW - 0.5 })],
    ['with txn, toe and claims nobody knows', goodEvent({ txn: '1', toe: NOW - 9, more: {} })],
    ['without any subject', goodEvent({ sub_id: undefined })],
    ['with twenty events', goodEvent({ events: Object.fromEntries(numbered(20)) })],
    ['whose typ is written as a whole media type', header({ typ: 'application/secevent+jwt' })],
  ])('is verified %s', async (_what, set) => {
    expect(summary(await verify(set))).toBe('verified');
  });

  it('is read with issuer, identifier, issue time and events', async () => {
    expect(await verify(goodEvent())).toMatchObject({
      event: {
        issuer: ISSUER,
        jti: 'event-1',
        issued_at_seconds: NOW - 5,
        events: new Map([[SESSION_REVOKED, { event_timestamp: NOW - 60 }]]),
      },
    });
  });

  const MALFORMED = 'invalid_request: the SET is not a well-formed signed JWT';
  const BAD_HEADER = 'invalid_request: the SET header is not acceptable';
  const WRONG_TYPE = 'invalid_request: the typ is not secevent+jwt';
  const WRONG_ISSUER = 'invalid_issuer: the issuer is not accepted';
  const WRONG_ALGORITHM = 'invalid_key: the signature algorithm is not accepted';
  const WRONG_KEY = 'invalid_key: no key of the issuer verifies the signature';
  const WRONG_AUDIENCE = 'invalid_audience: the audience is not accepted';
  const NO_IAT = 'invalid_request: the SET has no valid issue time';
  const EXPIRED = 'invalid_request: the SET has expired';
  const TOO_EARLY = 'invalid_request: the SET is not valid yet';
  const NO_JTI = 'invalid_request: the SET has no identifier';
  const HAS_SUB = 'invalid_request: the SET has a sub; its subject belongs into sub_id';
  const NO_EVENTS = 'invalid_request: the events are malformed';

  it.each([
    ['nothing', '', MALFORMED],
    ['no JWT', 'event', MALFORMED],
    ['JSON', claimsText, MALFORMED],
    ['a line feed at its end', `${goodEvent()}\n`, MALFORMED],
    ['two SETs', `${goodEvent()} ${goodEvent()}`, MALFORMED],
    ['a fourth part', `${goodEvent()}.e30`, MALFORMED],
    ['no signature', goodEvent().replace(/[^.]+$/, ''), MALFORMED],
    ['a claim twice', text(`{"iss":"${ISSUER}",${claimsText.slice(1)}`), MALFORMED],
    ['claims that are a list', text('[]'), MALFORMED],
    ['64 KB', goodEvent({ more: 'x'.repeat(65_536) }), 'invalid_request: the SET is too long'],
    ['an unknown issuer', goodEvent({ iss: 'https://evil.example' }), WRONG_ISSUER],
    ['an issuer with a slash more', goodEvent({ iss: `${ISSUER}/` }), WRONG_ISSUER],
    ['no issuer', goodEvent({ iss: undefined }), WRONG_ISSUER],
    ['an issuer that is a list', goodEvent({ iss: [ISSUER] }), WRONG_ISSUER],
    ['the other issuer, signed by this one', goodEvent({ iss: OTHER_ISSUER }), WRONG_KEY],
    ['no typ', header({ typ: undefined }), WRONG_TYPE],
    ['the typ of a JWT', header({ typ: 'JWT' }), WRONG_TYPE],
    ['the typ of an access token', header({ typ: 'at+jwt' }), WRONG_TYPE],
    ['the typ of a logout token', header({ typ: 'logout+jwt' }), WRONG_TYPE],
    ['a typ that merely begins alike', header({ typ: 'secevent+jwt2' }), WRONG_TYPE],
    ['a typ that is a list', header({ typ: ['secevent+jwt'] }), WRONG_TYPE],
    ['alg none', header({ alg: 'none' }), WRONG_ALGORITHM],
    ['an algorithm beyond those configured', header({ alg: 'RS512' }), WRONG_ALGORITHM],
    [
      'HMAC with the public key',
      hmacToken(publicPem, eventHeader(key, { alg: 'HS256' }), eventClaims()),
      WRONG_ALGORITHM,
    ],
    ['critical extensions', header({ crit: ['exp'] }), BAD_HEADER],
    ['an unencoded payload', header({ b64: false }), BAD_HEADER],
    ['a kid that is a number', header({ kid: 7 }), BAD_HEADER],
    ['a key nobody published', signToken(unknown, eventHeader(unknown), eventClaims()), WRONG_KEY],
    [
      "a stranger's key under a known kid",
      signToken(stranger, eventHeader(stranger), eventClaims()),
      WRONG_KEY,
    ],
    [
      'a key in its header',
      signToken(stranger, eventHeader(stranger, { jwk: stranger.jwk }), eventClaims()),
      WRONG_KEY,
    ],
    [
      'an algorithm its key is not for',
      signToken(ec, eventHeader(ec, { alg: 'ES256' }), eventClaims()),
      WRONG_KEY,
    ],
    ['another payload under the same signature', swapped(), WRONG_KEY],
    ['no audience', goodEvent({ aud: undefined }), WRONG_AUDIENCE],
    ['an empty list of audiences', goodEvent({ aud: [] }), WRONG_AUDIENCE],
    ['another audience', goodEvent({ aud: 'https://api.example.com' }), WRONG_AUDIENCE],
    ["the other transmitter's audience", goodEvent({ aud: 'other-audience' }), WRONG_AUDIENCE],
    ['an audience that is no text', goodEvent({ aud: ['second', 7] }), WRONG_AUDIENCE],
    ['no iat', goodEvent({ iat: undefined }), NO_IAT],
    ['an iat that is text', goodEvent({ iat: String(NOW) }), NO_IAT],
    ['an infinite iat', text(claimsText.replace(String(NOW - 5), '1e400')), NO_IAT],
    [
      'an iat beyond the leeway',
      goodEvent({ iat: NOW + 31 }),
      'invalid_request: the SET was issued in the future',
    ],
    [
      'an iat in milliseconds',
      goodEvent({ iat: NOW * 1000 }),
      'invalid_request: the SET was issued in the future',
    ],
    ['an exp that has passed', goodEvent({ exp: NOW - 30 }), EXPIRED],
    ['an exp that is text', goodEvent({ exp: 'never' }), EXPIRED],
    ['an exp that is null', goodEvent({ exp: null }), EXPIRED],
    ['an nbf in the future', goodEvent({ nbf: NOW + 31 }), TOO_EARLY],
    ['an nbf that is text', goodEvent({ nbf: 'now' }), TOO_EARLY],
    ['no jti', goodEvent({ jti: undefined }), NO_JTI],
    ['an empty jti', goodEvent({ jti: '' }), NO_JTI],
    ['a jti that is a number', goodEvent({ jti: 1 }), NO_JTI],
    ['a sub', goodEvent({ sub: 'alice' }), HAS_SUB],
    ['a sub that is null', goodEvent({ sub: null }), HAS_SUB],
    ['no events', goodEvent({ events: undefined }), NO_EVENTS],
    ['an empty object of events', goodEvent({ events: {} }), NO_EVENTS],
    ['a list of events', goodEvent({ events: [EVENTS] }), NO_EVENTS],
    ['an event type in place of events', goodEvent({ events: SESSION_REVOKED }), NO_EVENTS],
    ['an event without payload', goodEvent({ events: { [SESSION_REVOKED]: null } }), NO_EVENTS],
    ['a payload that is a list', goodEvent({ events: { [SESSION_REVOKED]: [] } }), NO_EVENTS],
    ['one good payload and one bad', goodEvent({ events: { ...EVENTS, more: 1 } }), NO_EVENTS],
    ['21 events', goodEvent({ events: Object.fromEntries(numbered(21)) }), NO_EVENTS],
  ])('is refused with %s', async (_what, set, problem) => {
    expect(summary(await verify(set))).toBe(problem);
  });

  it('is refused with any one byte of it changed', async () => {
    const set = goodEvent();
    for (let position = 0; position < set.length; position += 7) {
      const byte = set[position] === 'A' ? 'B' : 'A';
      const changed = `${set.slice(0, position)}${byte}${set.slice(position + 1)}`;
      expect((await verify(changed)).outcome).toBe('refused');
    }
  });

  it('never has its contents repeated in the description', async () => {
    for (const set of [goodEvent({ jti: 7, secret: 'value' }), goodEvent({ aud: 'a-secret' })]) {
      expect(summary(await verify(set))).not.toMatch(/secret|value|alice/);
    }
  });

  it('waits for keys that cannot be fetched, and is not called invalid', async () => {
    const receiver = createReceiver({ answers: { [JWKS_URI]: json({}, 500) } });
    const verdict = await verifySecurityEvent(goodEvent(), receiver.config, receiver);
    expect(verdict).toMatchObject({ outcome: 'keys_unavailable', retry_after_seconds: 1 });
  });
});

describe('a SET and an access token of one issuer, signed with one key, for one audience', () => {
  const audiences = { aud: ['second', 'https://tasks.example.com'] };

  it('never has the access token pass for a SET, whatever its claims', async () => {
    const token = goodToken(key, audiences);
    expect(summary(await verify(token))).toContain('the typ is not secevent+jwt');
    const both = claimsOf({ ...audiences, events: EVENTS });
    for (const typ of ['at+jwt', 'JWT', undefined]) {
      const dressed = signToken(key, headerOf(key, { typ }), both);
      expect(summary(await verify(dressed))).toContain('the typ is not secevent+jwt');
    }
    const disguised = signToken(key, eventHeader(), both);
    expect(summary(await verify(disguised))).toContain('the SET has a sub');
  });

  it('never has the SET pass for an access token', async () => {
    const { present } = createHarness(configOf(), ANSWERS);
    const set = goodEvent(audiences);
    expect(summary(await verify(set))).toBe('verified');
    expect(reason(await present(set))).toBe('the token is of another type');
    const lasting = goodEvent({ ...audiences, exp: NOW + 300 });
    expect(summary(await verify(lasting))).toBe('verified');
    expect(reason(await present(lasting))).toBe('the token is of another type');
  });

  it('never has the SET pass even where a route asks for tokens of that type', async () => {
    const issuer = { issuer: ISSUER, audiences: ['second'], jwks_uri: JWKS_URI };
    const config = configOf({ issuers: [{ ...issuer, required_typ: 'secevent+jwt' }] });
    const { present } = createHarness(config, ANSWERS);
    const set = goodEvent({ ...audiences, exp: NOW + 300 });
    expect(summary(await verify(set))).toBe('verified');
    expect(reason(await present(set))).toBe('the token is of another type');
  });
});

function numbered(count: number): [string, object][] {
  return Array.from({ length: count }, (_, index) => [`https://events.example/${index}`, {}]);
}

/** The signature of one SET under the claims of another. */
function swapped(): string {
  const [first = '', , signature = ''] = goodEvent().split('.');
  const claims = base64url(JSON.stringify(eventClaims({ jti: 'event-2' })));
  return `${first}.${claims}.${signature}`;
}
