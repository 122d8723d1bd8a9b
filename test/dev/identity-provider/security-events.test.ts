import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  SECURITY_EVENTS,
  type SecurityEvent,
} from '../../../dev/identity-provider/security-events.ts';
import { SIGNING_ALGORITHMS } from '../../../dev/identity-provider/signing-keys.ts';
import {
  type IdentityProvider,
  startIdentityProvider,
} from '../../../dev/identity-provider/start-identity-provider.ts';

const AUDIENCE = 'https://gateway.example.com';
const REVOKED: SecurityEvent = {
  audience: AUDIENCE,
  subject: 'alice',
  events: { 'session-revoked': {} },
};

let idp: IdentityProvider;

beforeAll(async () => {
  idp = await startIdentityProvider();
});
afterAll(() => idp.stop());

const verify = (token: string) =>
  jwtVerify(token, createRemoteJWKSet(new URL(`${idp.issuer}/jwks`)), {
    issuer: idp.issuer,
    audience: AUDIENCE,
    typ: 'secevent+jwt',
  });

describe('signSecurityEvent', () => {
  it('makes a token of RFC 8417 that the issuer’s keys verify', async () => {
    const { protectedHeader, payload } = await verify(await idp.signSecurityEvent(REVOKED));
    expect(protectedHeader).toMatchObject({ typ: 'secevent+jwt', alg: 'RS256' });
    expect(payload).toEqual({
      iss: idp.issuer,
      aud: AUDIENCE,
      jti: expect.any(String),
      iat: expect.any(Number),
      sub_id: { format: 'iss_sub', iss: idp.issuer, sub: 'alice' },
      events: {
        'https://schemas.openid.net/secevent/caep/event-type/session-revoked': {
          event_timestamp: payload.iat,
        },
      },
    });
  });

  it.each([
    ['session-revoked', { reason_admin: { en: 'lost laptop' } }],
    ['credential-change', { credential_type: 'fido2-roaming', change_type: 'revoke' }],
    ['token-claims-change', { claims: { groups: [] }, event_timestamp: 1 }],
  ] as const)('tells of %s what it is given', async (name, payload) => {
    const event = { ...REVOKED, events: { [name]: payload } };
    const { events } = decodeJwt(await idp.signSecurityEvent(event));
    expect(events).toEqual({
      [SECURITY_EVENTS[name]]: { event_timestamp: expect.any(Number), ...payload },
    });
  });

  it('tells of any other event by its URI, of several at once, and of other subjects', async () => {
    const subject = { format: 'email', email: 'alice@example.com' };
    const events = { 'session-revoked': {}, 'https://example.com/event': { a: 1 } };
    const token = decodeJwt(await idp.signSecurityEvent({ audience: ['a', 'b'], subject, events }));
    expect(token).toMatchObject({ aud: ['a', 'b'], sub_id: subject });
    expect(Object.keys(Object(token.events))).toEqual([
      SECURITY_EVENTS['session-revoked'],
      'https://example.com/event',
    ]);
  });

  it.each(SIGNING_ALGORITHMS)('signs with %s when asked to', async (signingAlgorithm) => {
    const token = await idp.signSecurityEvent({ ...REVOKED, signingAlgorithm });
    expect((await verify(token)).protectedHeader.alg).toBe(signingAlgorithm);
  });

  it('signs with the new key after a rotation', async () => {
    const before = await idp.signSecurityEvent(REVOKED);
    await idp.rotateKeys();
    const after = await idp.signSecurityEvent(REVOKED);
    expect(decodeProtectedHeader(after).kid).not.toBe(decodeProtectedHeader(before).kid);
    await expect(verify(after)).resolves.toBeDefined();
  });

  it('changes and leaves out whatever it is told to', async () => {
    const token = await idp.signSecurityEvent({
      ...REVOKED,
      header: { typ: 'JWT', kid: undefined },
      claims: { iss: 'https://other.example.com', sub_id: undefined, exp: 1, jti: 'fixed' },
    });
    expect(decodeProtectedHeader(token)).toEqual({ typ: 'JWT', alg: 'RS256' });
    expect(decodeJwt(token)).toMatchObject({
      iss: 'https://other.example.com',
      exp: 1,
      jti: 'fixed',
    });
    expect(decodeJwt(token)).not.toHaveProperty('sub_id');
  });

  it('has another jti each time', async () => {
    const tokens = [await idp.signSecurityEvent(REVOKED), await idp.signSecurityEvent(REVOKED)];
    expect(new Set(tokens.map((token) => decodeJwt(token).jti)).size).toBe(2);
  });
});
