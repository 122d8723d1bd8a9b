import { describe, expect, it } from 'vitest';
import { createReceiverStage } from '../../../src/authorizer/revocation/create-receiver-stage.ts';
import { createRevocationBook } from '../../../src/authorizer/revocation/revocation-book.ts';
import { createLocalSharedState } from '../../../src/core/local-shared-state.ts';
import { claimsOf, ISSUER, JWKS_URI, json, NOW, OTHER_ISSUER } from '../support.ts';
import {
  ALICE,
  answerOf,
  CAEP,
  createReceiver,
  createTestState,
  goodEvent,
  otherEvent,
  pushed,
  SESSION_REVOKED,
  SSF,
  UNREACHABLE,
} from './support.ts';

const PUSH = { push_authorization: 'Bearer the-secret' };

describe('a receiver', () => {
  it('asks for the method, the body and two headers, and for nothing else', () => {
    expect(createReceiver().stage.needs()).toEqual({
      attributes: ['method', 'raw_body'],
      headers: ['authorization', 'content-type'],
      handoff: [],
    });
  });

  it('answers 202 without a body once the revocation is published', async () => {
    const { push, published } = createReceiver();
    expect(await push(goodEvent())).toMatchObject({ status: 202, body: '', headers: {} });
    expect(published).toEqual([
      {
        channel: 'revocations',
        key: expect.stringMatching(/^[\w-]{43}$/),
        value: JSON.stringify({
          issuer: ISSUER,
          match: [{ claim: 'sub', value: 'alice' }],
          issued_until_seconds: NOW - 60,
        }),
        expires_at_ms: (NOW + 604_800) * 1000,
      },
    ]);
  });

  it('publishes everything that the subject stands for', async () => {
    const { push, published } = createReceiver({
      security_events: { subject_issuers: [OTHER_ISSUER], retention_seconds: 3600 },
    });
    await push(goodEvent({ sub_id: { format: 'opaque', id: 'x' } }));
    expect(published).toHaveLength(6);
    expect(new Set(published.map(({ key }) => key)).size).toBe(6);
    expect(published[0]?.expires_at_ms).toBe((NOW + 3600) * 1000);
  });

  it.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'post'])(
    'answers 405 to %s',
    async (method) => {
      const { request, published } = createReceiver();
      const response = await request({ ...pushed(goodEvent()), method });
      expect(response).toMatchObject({ status: 405, headers: { Allow: 'POST' }, body: '' });
      expect(published).toEqual([]);
    },
  );

  it.each([
    ['application/secevent+jwt', '202'],
    ['Application/SecEvent+JWT', '202'],
    ['application/secevent+jwt; charset=utf-8', '202'],
    ['application/secevent+jwt ;x=y', '202'],
    ['', '400 invalid_request'],
    ['application/jwt', '400 invalid_request'],
    ['application/json', '400 invalid_request'],
    ['application/secevent+jwtx', '400 invalid_request'],
    ['text/plain; application/secevent+jwt', '400 invalid_request'],
    ['application/secevent+jwt, application/secevent+jwt', '400 invalid_request'],
  ])('takes the content type %j as %s', async (type, answer) => {
    const { push } = createReceiver();
    expect(answerOf(await push(goodEvent(), { 'content-type': type }))).toBe(answer);
  });

  it('wants a content type', async () => {
    const { request } = createReceiver();
    const response = await request({ ...pushed(goodEvent()), headers: {} });
    expect(answerOf(response)).toBe('400 invalid_request');
  });

  it('answers 400 where the body cannot be read', async () => {
    const { request } = createReceiver();
    const response = await request({ ...pushed(''), raw_body: { problem: 'unreadable' } });
    expect(answerOf(response)).toBe('400 invalid_request');
  });

  it.each([
    ['a body that is no SET', 'hello', 'invalid_request'],
    ['an unknown transmitter', goodEvent({ iss: 'https://evil.example' }), 'invalid_issuer'],
    ['a wrong signature', goodEvent().slice(0, -8).concat('AAAAAAAA'), 'invalid_key'],
    ['a wrong audience', goodEvent({ aud: 'elsewhere' }), 'invalid_audience'],
    [
      "another issuer's subject",
      goodEvent({ sub_id: { ...ALICE, iss: OTHER_ISSUER } }),
      'access_denied',
    ],
    [
      'a subject that cannot be compared',
      goodEvent({ sub_id: { format: 'did', url: 'did:x:1' } }),
      'invalid_request',
    ],
    ['no subject', goodEvent({ sub_id: undefined }), 'invalid_request'],
  ])('answers %s with its error code, and publishes nothing', async (_what, set, err) => {
    const { push, published } = createReceiver();
    const response = await push(set);
    expect(response).toMatchObject({
      status: 400,
      headers: { 'Content-Type': 'application/json', 'Content-Language': 'en' },
    });
    expect(JSON.parse(response.body)).toEqual({ err, description: expect.any(String) });
    expect(response.log).toMatchObject({ security_event: { result: 'refused', err } });
    expect(published).toEqual([]);
  });

  it('lets no transmitter speak for another', async () => {
    const { push } = createReceiver();
    expect(answerOf(await push(otherEvent()))).toBe('400 access_denied');
    const own = otherEvent({ sub_id: { ...ALICE, iss: OTHER_ISSUER } });
    expect(answerOf(await push(own))).toBe('202');
  });

  it.each([
    ['verification', { state: 'x' }],
    ['stream-updated', { status: 'enabled' }],
  ])('accepts %s of the stream', async (name, payload) => {
    const { push, published } = createReceiver({ isFull: true });
    const sub_id = { format: 'opaque', id: 'stream' };
    const set = goodEvent({ sub_id, events: { [`${SSF}/${name}`]: payload } });
    expect(answerOf(await push(set))).toBe('202');
    expect(published).toEqual([]);
  });

  it('accepts an event of an unknown type and tells the log', async () => {
    const { push, published, logger } = createReceiver();
    const type = `${CAEP}/${'x'.repeat(1000)}`;
    expect(answerOf(await push(goodEvent({ events: { [type]: {} } })))).toBe('202');
    expect(published).toEqual([]);
    const clipped = `${type.slice(0, 200)}…`;
    expect(logger.lines).toMatchObject([{ level: 'info', fields: { unknown_events: [clipped] } }]);
  });
});

describe('push_authorization', () => {
  it.each([
    ['the configured value', { authorization: 'Bearer the-secret' }, '202'],
    ['nothing', {}, '401 authentication_failed'],
    ['an empty header', { authorization: '' }, '401 authentication_failed'],
    ['another secret', { authorization: 'Bearer the-secreT' }, '401 authentication_failed'],
    ['the secret and more', { authorization: 'Bearer the-secret2' }, '401 authentication_failed'],
    ['the beginning of it', { authorization: 'Bearer the-secre' }, '401 authentication_failed'],
    [
      'the scheme in another case',
      { authorization: 'bearer the-secret' },
      '401 authentication_failed',
    ],
  ])('lets in %s or not', async (_what, headers, answer) => {
    const { push } = createReceiver({ security_events: PUSH });
    expect(answerOf(await push(goodEvent(), headers))).toBe(answer);
  });

  it('is asked for in a challenge, without a word of it', async () => {
    const { push, published } = createReceiver({ security_events: PUSH });
    const response = await push(goodEvent(), { authorization: 'Bearer guess' });
    expect(response.headers['WWW-Authenticate']).toBe('Bearer');
    expect(JSON.stringify(response)).not.toMatch(/secret|guess/);
    expect(published).toEqual([]);
  });

  it.each([
    ['Basic Ym9iOnB3', 'Basic realm="security events"'],
    ['just-the-secret', 'Bearer'],
    ['two words', 'Bearer'],
  ])('has a challenge for %j that tells nothing of it', async (push_authorization, challenge) => {
    const { push } = createReceiver({ security_events: { push_authorization } });
    expect((await push(goodEvent())).headers['WWW-Authenticate']).toBe(challenge);
  });

  it('comes before everything that the sender could learn of', async () => {
    const { push } = createReceiver({ security_events: PUSH });
    expect(answerOf(await push('hello', { 'content-type': 'text/plain' }))).toBe(
      '401 authentication_failed',
    );
  });

  it('is not asked for where none is configured', async () => {
    const { push } = createReceiver();
    expect(answerOf(await push(goodEvent(), { authorization: 'Bearer any' }))).toBe('202');
  });
});

describe('an event that cannot be taken in now', () => {
  it.each([
    ['the first', 0],
    ['the second', 1],
  ])(
    'is answered with 503 where %s state is out of reach, and told to the other',
    async (_what, index) => {
      const reachable = createTestState();
      const states = [reachable.state, reachable.state];
      states[index] = createTestState(UNREACHABLE).state;
      const [first = reachable.state, ...others] = states;
      const { push } = createReceiver({ states: [first, ...others] });
      const response = await push(goodEvent());
      expect(response).toMatchObject({ status: 503, headers: { 'Retry-After': '5' }, body: '' });
      expect(response.log).toMatchObject({
        security_event: { result: 'shared_state_unavailable' },
      });
      expect(reachable.published).toHaveLength(1);
    },
  );

  it('is no answer at all where a state breaks', async () => {
    const { state } = createTestState(new Error('broken'));
    const { push } = createReceiver({ states: [state] });
    await expect(push(goodEvent())).rejects.toThrow('broken');
  });

  it('is answered with 503 where the book is full, and nothing is published', async () => {
    const { push, published, logger } = createReceiver({ isFull: true });
    const response = await push(goodEvent());
    expect(response).toMatchObject({ status: 503, headers: { 'Retry-After': '60' } });
    expect(published).toEqual([]);
    expect(logger.lines).toMatchObject([{ level: 'error' }]);
  });

  it('is answered with 503 where the keys of the transmitter cannot be had', async () => {
    const { push, published } = createReceiver({ answers: { [JWKS_URI]: json({}, 500) } });
    const response = await push(goodEvent());
    expect(response).toMatchObject({ status: 503, headers: { 'Retry-After': '1' } });
    expect(published).toEqual([]);
  });

  it('is published in every state before it is accepted', async () => {
    const [first, second] = [createTestState(), createTestState()];
    const { push } = createReceiver({ states: [first.state, second.state] });
    await push(goodEvent());
    expect(first.published).toHaveLength(1);
    expect(second.published).toEqual(first.published);
  });
});

describe('what is logged', () => {
  it('is who said what, and never about whom', async () => {
    const { push, logger } = createReceiver({ security_events: PUSH });
    const authorization = 'Bearer the-secret';
    const user = { format: 'email', email: 'alice@secret.example' };
    const sub_id = { format: 'complex', user, session: { format: 'opaque', id: 'session-7' } };
    const { log } = await push(goodEvent({ sub_id, jti: 'j'.repeat(300) }), { authorization });
    const fields = {
      issuer: ISSUER,
      jti: `${'j'.repeat(200)}…`,
      events: [SESSION_REVOKED],
      revocations: 1,
    };
    expect(log).toEqual({ security_event: { result: 'accepted', ...fields } });
    expect(logger.lines).toEqual([
      { level: 'info', fields, message: 'a security event was accepted' },
    ]);
  });

  it('names the event that a verified SET was refused for', async () => {
    const { push } = createReceiver();
    const { log } = await push(goodEvent({ sub_id: { format: 'opaque' } }));
    expect(log).toEqual({
      security_event: {
        result: 'refused',
        issuer: ISSUER,
        jti: 'event-1',
        events: [SESSION_REVOKED],
        err: 'invalid_request',
        description: 'the subject is malformed',
      },
    });
  });

  it('is nothing of a SET that is not verified', async () => {
    const { push, logger } = createReceiver();
    const { log } = await push(goodEvent({ aud: 'elsewhere', jti: 'secret' }));
    expect(JSON.stringify(log)).not.toMatch(/secret|elsewhere|alice/);
    expect(logger.lines).toEqual([]);
  });
});

describe('a book that hears of what is published', () => {
  function connect() {
    const receiver = createReceiver();
    const { config, clock, logger, keys } = receiver;
    const state = createLocalSharedState({ clock });
    const book = createRevocationBook({ clock });
    state.subscribe('revocations', (entry) => book.apply(entry));
    const stage = createReceiverStage(config, { clock, logger, keys, states: [state], book });
    const isRevoked = (changes: Record<string, unknown> = {}, issuer = ISSUER) =>
      book.isRevoked(JSON.parse(JSON.stringify(claimsOf(changes))), issuer);
    const push = async (set: string) => {
      const outcome = await stage.run(pushed(set));
      return outcome.outcome === 'respond' ? outcome.status : outcome.outcome;
    };
    return { ...receiver, push, state, book, isRevoked };
  }

  it('refuses what was issued up to the event, as soon as it is accepted', async () => {
    const { push, isRevoked } = connect();
    expect(isRevoked({ iat: NOW - 60 })).toBe(false);
    expect(await push(goodEvent())).toBe(202);
    expect(isRevoked({ iat: NOW - 60 })).toBe(true);
    expect(isRevoked({ iat: NOW - 59 })).toBe(false);
    expect(isRevoked({ iat: NOW - 60, sub: 'bob' })).toBe(false);
    expect(isRevoked({ iat: NOW - 60 }, OTHER_ISSUER)).toBe(false);
  });

  it('takes the same SET a second time without harm', async () => {
    const { push, isRevoked, book } = connect();
    expect(await push(goodEvent())).toBe(202);
    const { generation } = book;
    expect(await push(goodEvent())).toBe(202);
    expect(book.generation).toBe(generation);
    expect(isRevoked({ iat: NOW - 60 })).toBe(true);
    expect(isRevoked({ iat: NOW - 59 })).toBe(false);
  });

  it('keeps a later event in force for whoever comes after an earlier one arrived late', async () => {
    const { push, state, clock } = connect();
    const at = (event_timestamp: number) =>
      goodEvent({ events: { [SESSION_REVOKED]: { event_timestamp } } });
    expect(await push(at(NOW - 50))).toBe(202);
    expect(await push(at(NOW - 500))).toBe(202);
    const newcomer = createRevocationBook({ clock });
    state.subscribe('revocations', (entry) => newcomer.apply(entry));
    expect(newcomer.isRevoked({ sub: 'alice', iat: NOW - 50 }, ISSUER)).toBe(true);
    expect(newcomer.isRevoked({ sub: 'alice', iat: NOW - 49 }, ISSUER)).toBe(false);
  });

  it('forgets a revocation after the retention', async () => {
    const { push, isRevoked, advance } = connect();
    await push(goodEvent());
    advance(604_799);
    expect(isRevoked({ iat: NOW - 60 })).toBe(true);
    advance(1);
    expect(isRevoked({ iat: NOW - 60 })).toBe(false);
  });

  it('holds against tokens of an issuer whose clock runs ahead', async () => {
    const { push, isRevoked } = connect();
    const ahead = { iat: NOW + 20, events: { [SESSION_REVOKED]: { event_timestamp: NOW + 15 } } };
    expect(await push(goodEvent(ahead))).toBe(202);
    expect(isRevoked({ iat: NOW + 15 })).toBe(true);
    expect(isRevoked({ iat: NOW + 16 })).toBe(false);
  });
});
