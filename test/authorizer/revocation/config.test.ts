import { describe, expect, it } from 'vitest';
import { securityEventsFields } from '../../../src/authorizer/revocation/config.ts';
import { toKongSchema } from '../../../src/core/config/kong-schema.ts';
import { parseConfig } from '../../../src/core/config/parse-config.ts';

describe('security_events', () => {
  it('needs nothing', () => {
    expect(parseConfig(securityEventsFields, {})).toEqual({
      subject_issuers: [],
      retention_seconds: 604_800,
    });
  });

  it.each([
    ['a vault reference that came to nothing', { push_authorization: '' }],
    ['an Authorization with a space at its end', { push_authorization: 'Bearer x ' }],
    ['an Authorization with a line feed', { push_authorization: 'Bearer x\ny' }],
    ['an issuer on plain http', { subject_issuers: ['http://idp.example'] }],
    ['21 issuers', { subject_issuers: Array(21).fill('https://idp.example') }],
    ['a retention under an hour', { retention_seconds: 3599 }],
    ['a retention over a year', { retention_seconds: 31_536_001 }],
    ['a field that there is not', { subject_issuer: 'https://idp.example' }],
  ])('refuses %s', (_what, config) => {
    expect(() => parseConfig(securityEventsFields, config)).toThrow(/config/);
  });

  it('has a Kong schema in which the secret is one', () => {
    const [authorization, issuers, retention] = toKongSchema(securityEventsFields);
    expect(authorization).toMatchObject({
      push_authorization: { type: 'string', referenceable: true, encrypted: true },
    });
    expect(issuers).toMatchObject({ subject_issuers: { type: 'array', default: [] } });
    expect(retention).toMatchObject({
      retention_seconds: { type: 'integer', between: [3600, 31_536_000], default: 604_800 },
    });
  });
});
