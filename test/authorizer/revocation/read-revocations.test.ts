import { describe, expect, it } from 'vitest';
import { readRevocations } from '../../../src/authorizer/revocation/read-revocations.ts';
import type { ClaimMatch } from '../../../src/authorizer/revocation/revocation.ts';
import { ISSUER, NOW, OTHER_ISSUER } from '../support.ts';
import { ALICE, CAEP, RISC, SESSION_REVOKED, SSF, verifiedEvent } from './support.ts';

const FOREIGN = 'https://foreign.example';
const OCCURRED = NOW - 60;

const OPAQUE = { format: 'opaque', id: 'x-1' };
const EMAIL = { format: 'email', email: 'Alice@example.com' };
const PHONE = { format: 'phone_number', phone_number: '+1 206 555 0123' };
const DEVICE = { format: 'iss_sub', iss: ISSUER, sub: 'laptop' };
const TENANT = { format: 'opaque', id: 't-1' };
const SESSION = { format: 'opaque', id: 's-1' };
const TOKEN = { format: 'jwt_id', iss: ISSUER, jti: 'token-1' };

/** Each revocation in one line, such as `sub=alice sid=s-1 @60`: what it matches, and how long before now it ends. */
function read(changes: Record<string, unknown>, subject_issuers: readonly string[] = []) {
  const reading = readRevocations(verifiedEvent(changes), subject_issuers, 0);
  if (reading.outcome === 'refused') return `${reading.err}: ${reading.description}`;
  return reading.revocations.map(({ issuer, match, issued_until_seconds }) => {
    const parts = [...match].map(({ claim, value }: ClaimMatch) => `${claim}=${value}`);
    const where = issuer === ISSUER ? [] : [issuer];
    const until = issued_until_seconds > 1e15 ? 'always' : NOW - issued_until_seconds;
    return [...where, ...parts, `@${until}`].join(' ');
  });
}

const subject = (sub_id: unknown, subject_issuers: readonly string[] = []) =>
  read({ sub_id }, subject_issuers);
const complex = (members: object, subject_issuers: readonly string[] = []) =>
  subject({ format: 'complex', ...members }, subject_issuers);
const event = (type: string, payload: object = { event_timestamp: OCCURRED }) =>
  read({ events: { [type]: payload } });

const NOTHING = 'invalid_request: nothing in the subject can be compared with a token';
const MALFORMED = 'invalid_request: the subject is malformed';
const DENIED = 'access_denied: the subject is of an issuer the SET may not speak for';

describe('an event', () => {
  it.each([
    [`${CAEP}/session-revoked`],
    [`${CAEP}/credential-change`],
    [`${CAEP}/token-claims-change`],
    [`${RISC}/account-disabled`],
    [`${RISC}/account-purged`],
    [`${RISC}/credential-compromise`],
    [`${RISC}/sessions-revoked`],
    ['https://schemas.openid.net/secevent/oauth/event-type/tokens-revoked'],
  ])('%s revokes what was issued before it', (type) => {
    expect(event(type)).toEqual(['sub=alice @60']);
  });

  it.each(['create', 'revoke', 'update', 'delete'])(
    'credential-change revokes on %s too',
    (change_type) => {
      const payload = { event_timestamp: OCCURRED, credential_type: 'password', change_type };
      expect(event(`${CAEP}/credential-change`, payload)).toEqual(['sub=alice @60']);
    },
  );

  it.each([
    ['verification', { state: 'abc' }],
    ['stream-updated', { status: 'paused' }],
  ])('%s of the stream revokes nothing, and is known', (name, payload) => {
    const stream = { sub_id: { format: 'opaque', id: 'stream-1' } };
    const reading = readRevocations(
      verifiedEvent({ ...stream, events: { [`${SSF}/${name}`]: payload } }),
      [],
      0,
    );
    expect(reading).toEqual({ outcome: 'read', revocations: [], unknown_events: [] });
  });

  it.each([
    [`${CAEP}/device-compliance-change`],
    [`${RISC}/account-enabled`],
    [`${CAEP}/session-revoked/`],
    [`${CAEP}/Session-Revoked`],
    ['session-revoked'],
    ['constructor'],
  ])('%s revokes nothing and is told to be unknown, whatever its subject', (type) => {
    const reading = readRevocations(verifiedEvent({ sub_id: 7, events: { [type]: {} } }), [], 0);
    expect(reading).toEqual({ outcome: 'read', revocations: [], unknown_events: [type] });
  });

  it('of a known type counts beside one of an unknown type', () => {
    const events = { 'https://events.example/more': {}, [SESSION_REVOKED]: {} };
    const reading = readRevocations(verifiedEvent({ events }), [], 0);
    expect(reading).toMatchObject({
      revocations: [{ issuer: ISSUER }],
      unknown_events: ['https://events.example/more'],
    });
  });

  it('under two types revokes once', () => {
    const payload = { event_timestamp: OCCURRED };
    const events = { [SESSION_REVOKED]: payload, [`${RISC}/sessions-revoked`]: payload };
    expect(read({ events })).toEqual(['sub=alice @60']);
  });
});

describe('the cutoff', () => {
  it('leaves room for the clock of an issuer that is not the transmitter', () => {
    const sub_id = { ...ALICE, iss: FOREIGN };
    const payload = { event_timestamp: OCCURRED };
    const set = verifiedEvent({ sub_id, events: { [SESSION_REVOKED]: payload } });
    expect(readRevocations(set, [FOREIGN], 30)).toMatchObject({
      revocations: [{ issuer: FOREIGN, issued_until_seconds: OCCURRED + 30 }],
    });
  });

  it.each([
    ['the time of the event', { event_timestamp: OCCURRED }, {}, 60],
    ['that time, with a fraction', { event_timestamp: OCCURRED + 0.5 }, {}, 59.5],
    ['that time before toe', { event_timestamp: OCCURRED }, { toe: NOW - 40 }, 60],
    ['toe without it', {}, { toe: NOW - 40 }, 40],
    ['the issue time without either', {}, {}, 5],
    ['the issue time for a time in milliseconds', { event_timestamp: OCCURRED * 1000 }, {}, 5],
    ['the issue time for a time after it', { event_timestamp: NOW + 3600 }, {}, 5],
    ['the issue time for a toe after it', {}, { toe: NOW + 3600 }, 5],
    ['the issue time where it is ahead of the clock here', {}, { iat: NOW + 20 }, -20],
    ['toe where the time is text', { event_timestamp: String(OCCURRED) }, { toe: NOW - 40 }, 40],
    ['the issue time where both are no times', { event_timestamp: null }, { toe: {} }, 5],
    ['the issue time where the time is zero', { event_timestamp: 0 }, {}, 5],
    ['the issue time where the time is negative', { event_timestamp: -OCCURRED }, {}, 5],
  ])('is %s', (_what, payload, changes, seconds) => {
    expect(read({ ...changes, events: { [SESSION_REVOKED]: payload } })).toEqual([
      `sub=alice @${seconds}`,
    ]);
  });

  it('does not matter for a token named by its jti alone', () => {
    expect(subject(TOKEN)).toEqual(['jti=token-1 @always']);
  });
});

describe('a simple subject', () => {
  it.each([
    ['iss_sub', ALICE, ['sub=alice @60']],
    ['jwt_id', TOKEN, ['jti=token-1 @always']],
    ['email', EMAIL, ['email=Alice@example.com @60']],
    [
      'opaque, which may be user, session or token',
      OPAQUE,
      ['sub=x-1 @60', 'sid=x-1 @60', 'jti=x-1 @always'],
    ],
    [
      'account',
      { format: 'account', uri: 'acct:alice@example.com' },
      ['email=alice@example.com @60', 'sub=acct:alice@example.com @60'],
    ],
    [
      'account with an encoded address',
      { format: 'account', uri: 'ACCT:al%2Bx@example.com' },
      ['email=al+x@example.com @60', 'sub=ACCT:al%2Bx@example.com @60'],
    ],
    [
      'aliases',
      { format: 'aliases', identifiers: [ALICE, EMAIL] },
      ['sub=alice @60', 'email=Alice@example.com @60'],
    ],
    [
      'aliases of which one cannot be compared',
      { format: 'aliases', identifiers: [PHONE, ALICE] },
      ['sub=alice @60'],
    ],
    ['more members than the format has', { ...ALICE, more: 1 }, ['sub=alice @60']],
  ])('is read: %s', (_what, sub_id, lines) => {
    expect(subject(sub_id)).toEqual(lines);
  });

  it.each([
    ['phone_number', PHONE, NOTHING],
    ['did', { format: 'did', url: 'did:example:123456' }, NOTHING],
    ['uri', { format: 'uri', uri: 'https://user.example.com/' }, NOTHING],
    [
      'saml_assertion_id',
      { format: 'saml_assertion_id', issuer: ISSUER, assertion_id: '_1' },
      NOTHING,
    ],
    ['ip-addresses', { format: 'ip-addresses', 'ip-addresses': ['10.29.37.75'] }, NOTHING],
    ['a format of its own', { format: 'catalog_item', catalog_id: 'c0384' }, NOTHING],
    ['a format in another case', { ...ALICE, format: 'ISS_SUB' }, NOTHING],
    ['aliases none of which can be compared', { format: 'aliases', identifiers: [PHONE] }, NOTHING],
    ['no format', { iss: ISSUER, sub: 'alice' }, MALFORMED],
    ['a text', 'alice', MALFORMED],
    ['a list', [ALICE], MALFORMED],
    ['null', null, MALFORMED],
    ['iss_sub without sub', { format: 'iss_sub', iss: ISSUER }, MALFORMED],
    ['iss_sub without iss', { format: 'iss_sub', sub: 'alice' }, MALFORMED],
    ['an empty sub', { ...ALICE, sub: '' }, MALFORMED],
    ['a sub that is a number', { ...ALICE, sub: 7 }, MALFORMED],
    ['a sub of 1,025 characters', { ...ALICE, sub: 'a'.repeat(1025) }, MALFORMED],
    ['jwt_id without jti', { format: 'jwt_id', iss: ISSUER }, MALFORMED],
    ['opaque without id', { format: 'opaque' }, MALFORMED],
    ['email without email', { format: 'email' }, MALFORMED],
    ['account without a user', { format: 'account', uri: 'acct:@example.com' }, MALFORMED],
    [
      'account of another scheme',
      { format: 'account', uri: 'mailto:alice@example.com' },
      MALFORMED,
    ],
    ['account with a broken escape', { format: 'account', uri: 'acct:%zz@example.com' }, MALFORMED],
    ['aliases without any', { format: 'aliases', identifiers: [] }, MALFORMED],
    ['aliases that are no list', { format: 'aliases', identifiers: ALICE }, MALFORMED],
    [
      'aliases in aliases',
      { format: 'aliases', identifiers: [{ format: 'aliases', identifiers: [ALICE] }] },
      MALFORMED,
    ],
    [
      'one good alias and one malformed',
      { format: 'aliases', identifiers: [ALICE, {}] },
      MALFORMED,
    ],
    ['21 aliases', { format: 'aliases', identifiers: Array(21).fill(ALICE) }, MALFORMED],
    ['iss_sub of another issuer', { ...ALICE, iss: FOREIGN }, DENIED],
    ['iss_sub of an issuer with a slash more', { ...ALICE, iss: `${ISSUER}/` }, DENIED],
    ['jwt_id of another issuer', { ...TOKEN, iss: FOREIGN }, DENIED],
    [
      'an alias at another issuer',
      { format: 'aliases', identifiers: [ALICE, { ...ALICE, iss: FOREIGN }] },
      DENIED,
    ],
  ])('is refused: %s', (_what, sub_id, problem) => {
    expect(subject(sub_id)).toBe(problem);
  });

  it('may be missing nowhere but in events that revoke nothing', () => {
    expect(subject(undefined)).toBe('invalid_request: the event has no subject');
  });

  it('is found in the event itself, as drafts have it', () => {
    const events = { [SESSION_REVOKED]: { event_timestamp: OCCURRED, subject: ALICE } };
    expect(read({ sub_id: undefined, events })).toEqual(['sub=alice @60']);
  });

  it('counts in both places', () => {
    const events = { [SESSION_REVOKED]: { event_timestamp: OCCURRED, subject: EMAIL } };
    expect(read({ events })).toEqual(['sub=alice @60', 'email=Alice@example.com @60']);
    expect(read({ sub_id: PHONE, events })).toEqual(['email=Alice@example.com @60']);
  });

  it('is refused where one of the two is of another issuer', () => {
    const events = { [SESSION_REVOKED]: { subject: { ...ALICE, iss: FOREIGN } } };
    expect(read({ events })).toBe(DENIED);
  });
});

describe('an issuer that the transmitter may speak for besides its own', () => {
  it('may be named in the subject', () => {
    expect(subject({ ...ALICE, iss: OTHER_ISSUER }, [OTHER_ISSUER])).toEqual([
      `${OTHER_ISSUER} sub=alice @60`,
    ]);
    expect(subject({ ...ALICE, iss: FOREIGN }, [OTHER_ISSUER])).toBe(DENIED);
  });

  it('is meant, like its own, where the subject names none', () => {
    expect(subject(EMAIL, [OTHER_ISSUER])).toEqual([
      'email=Alice@example.com @60',
      `${OTHER_ISSUER} email=Alice@example.com @60`,
    ]);
    expect(subject(OPAQUE, [ISSUER])).toHaveLength(3);
    expect(subject(OPAQUE, [OTHER_ISSUER])).toHaveLength(6);
  });

  it('does not come by what an event of another transmitter says', () => {
    expect(read({ iss: OTHER_ISSUER })).toBe(DENIED);
  });
});

describe('a complex subject', () => {
  it.each([
    ['a user', { user: ALICE }, ['sub=alice @60']],
    ['a user by an opaque id, which is no session', { user: OPAQUE }, ['sub=x-1 @60']],
    [
      'a user by account',
      { user: { format: 'account', uri: 'acct:a@b.c' } },
      ['email=a@b.c @60', 'sub=acct:a@b.c @60'],
    ],
    ['a session', { session: SESSION }, ['sid=s-1 @60']],
    [
      'a session by issuer and id',
      { session: { format: 'iss_sub', iss: ISSUER, sub: 's-1' } },
      ['sid=s-1 @60'],
    ],
    ['a session by token', { session: TOKEN }, ['jti=token-1 @always']],
    [
      'a user and a session, which narrow each other',
      { user: ALICE, session: SESSION },
      ['sub=alice sid=s-1 @60'],
    ],
    ['a user and a token', { user: ALICE, session: TOKEN }, ['sub=alice jti=token-1 @5']],
    [
      'aliases of a user and a session',
      { user: { format: 'aliases', identifiers: [ALICE, EMAIL] }, session: SESSION },
      ['sub=alice sid=s-1 @60', 'email=Alice@example.com sid=s-1 @60'],
    ],
    ['a user and a device, which is ignored', { user: ALICE, device: DEVICE }, ['sub=alice @60']],
    [
      'a device of another issuer, which is ignored',
      { user: ALICE, device: { ...DEVICE, iss: FOREIGN } },
      ['sub=alice @60'],
    ],
    [
      'all members there are',
      {
        user: ALICE,
        session: SESSION,
        device: DEVICE,
        tenant: TENANT,
        application: TENANT,
        org_unit: TENANT,
        group: TENANT,
        more: 7,
      },
      ['sub=alice sid=s-1 @60'],
    ],
    [
      'a user who cannot be compared, and a session',
      { user: PHONE, session: SESSION },
      ['sid=s-1 @60'],
    ],
    [
      'a user, and a session that cannot be compared',
      { user: ALICE, session: PHONE },
      ['sub=alice @60'],
    ],
    ['an address for a session, which is none', { user: ALICE, session: EMAIL }, ['sub=alice @60']],
    ['a token for a user, which is none', { user: TOKEN, session: SESSION }, ['sid=s-1 @60']],
  ])('is read: %s', (_what, members, lines) => {
    expect(complex(members)).toEqual(lines);
  });

  it.each([
    ['nothing', {}, NOTHING],
    ['a device alone', { device: DEVICE }, NOTHING],
    ['a tenant and a group', { tenant: TENANT, group: TENANT }, NOTHING],
    ['a user by telephone', { user: PHONE, device: DEVICE }, NOTHING],
    ['a complex user', { user: { format: 'complex', user: ALICE } }, NOTHING],
    ['a user that is a text', { user: 'alice', session: SESSION }, MALFORMED],
    ['a user that is null', { user: null, session: SESSION }, MALFORMED],
    ['a session without id', { user: ALICE, session: { format: 'opaque' } }, MALFORMED],
    ['a user of another issuer', { user: { ...ALICE, iss: FOREIGN } }, DENIED],
    [
      'a user of another issuer and a session',
      { user: { ...ALICE, iss: FOREIGN }, session: SESSION },
      DENIED,
    ],
    ['a session of another issuer', { user: ALICE, session: { ...TOKEN, iss: FOREIGN } }, DENIED],
  ])('is refused: %s', (_what, members, problem) => {
    expect(complex(members)).toBe(problem);
  });

  it('may lack its format, as in drafts', () => {
    expect(subject({ user: ALICE, tenant: TENANT })).toEqual(['sub=alice @60']);
    expect(subject({ session: SESSION })).toEqual(['sid=s-1 @60']);
    expect(subject({ device: DEVICE })).toBe(MALFORMED);
  });

  it('narrows within an issuer, and revokes what stands alone at another', () => {
    const elsewhere = { ...ALICE, iss: OTHER_ISSUER };
    expect(complex({ user: EMAIL, session: SESSION }, [OTHER_ISSUER])).toEqual([
      'email=Alice@example.com sid=s-1 @60',
      `${OTHER_ISSUER} email=Alice@example.com sid=s-1 @60`,
    ]);
    expect(complex({ user: elsewhere, session: TOKEN }, [OTHER_ISSUER])).toEqual([
      'jti=token-1 @always',
      `${OTHER_ISSUER} sub=alice @60`,
    ]);
  });

  it('is refused where it would make more than 500 revocations', () => {
    const identifiers = Array.from({ length: 20 }, (_, index) => ({
      format: 'opaque',
      id: `x${index}`,
    }));
    const aliases = { format: 'aliases', identifiers };
    const issuers = Array.from({ length: 20 }, (_, index) => `https://idp-${index}.example`);
    expect(complex({ user: aliases, session: aliases })).toHaveLength(400);
    expect(complex({ user: aliases, session: aliases }, issuers)).toBe(
      'invalid_request: the subject has too many identifiers',
    );
  });
});
