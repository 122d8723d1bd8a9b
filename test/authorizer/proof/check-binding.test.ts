import { describe, expect, it } from 'vitest';
import { checkBinding, type Presentation } from '../../../src/authorizer/proof/check-binding.ts';
import { INVALID_BINDING } from '../../../src/authorizer/proof/invalid-binding.ts';
import type { JsonValue } from '../../../src/core/json.ts';
import { MTLS_CERTIFICATE } from './certificates.ts';

/** RFC 9449 §6.1. */
const jkt = '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I';
const { thumbprint } = MTLS_CERTIFICATE;
const certificate = { 'x5t#S256': thumbprint };

function check(cnf: JsonValue | undefined, presentation: Partial<Presentation> = {}) {
  return checkBinding(cnf, { scheme: 'bearer', mode: 'bound', ...presentation });
}

function reason(cnf: JsonValue | undefined, presentation: Partial<Presentation> = {}): string {
  const verdict = check(cnf, presentation);
  return verdict.outcome === 'invalid' ? verdict.reason : verdict.outcome;
}

describe('a token that is not bound', () => {
  it('needs no proof', () => {
    expect(check(undefined)).toEqual({ outcome: 'unbound' });
  });

  it('is refused where tokens must be bound', () => {
    expect(reason(undefined, { mode: 'required' })).toBe('not_bound');
  });

  it.each(['bound', 'required'] as const)('is refused under the scheme DPoP (%s)', (mode) => {
    expect(reason(undefined, { scheme: 'dpop', mode })).toBe('not_bound_to_dpop_key');
  });
});

describe.each(['bound', 'required'] as const)('a bound token (%s)', (mode) => {
  it('with a DPoP key needs its proof', () => {
    const verdict = check({ jkt }, { scheme: 'dpop', mode });
    expect(verdict).toEqual({ outcome: 'needs_dpop', jkt });
  });

  it('with a DPoP key is refused as a bearer token', () => {
    expect(reason({ jkt }, { mode })).toBe('dpop_required');
  });

  it('with a certificate needs that certificate', () => {
    expect(check(certificate, { mode })).toEqual({ outcome: 'needs_certificate', thumbprint });
  });

  it('with a certificate alone is refused under the scheme DPoP', () => {
    expect(reason(certificate, { scheme: 'dpop', mode })).toBe('not_bound_to_dpop_key');
  });

  it('with both needs both', () => {
    const verdict = check({ jkt, ...certificate }, { scheme: 'dpop', mode });
    expect(verdict).toEqual({ outcome: 'needs_dpop_and_certificate', jkt, thumbprint });
  });

  it('with both is refused as a bearer token, whatever certificate comes with it', () => {
    expect(reason({ jkt, ...certificate }, { mode })).toBe('dpop_required');
  });
});

describe.each(['bearer', 'dpop'] as const)('under the scheme %s', (scheme) => {
  it.each<[string, JsonValue]>([
    ['null', null],
    ['a text', jkt],
    ['false', false],
    ['a list', [{ jkt }]],
    ['empty', {}],
    ['with an empty key', { jkt: '' }],
    ['with a key of null', { jkt: null }],
    ['with a list of keys', { jkt: [jkt] }],
    ['with a short key', { jkt: jkt.slice(1) }],
    ['with a long key', { jkt: `${jkt}A` }],
    ['with a padded key', { jkt: `${jkt}=` }],
    ['with a line break after the key', { jkt: `${jkt}\n` }],
    ['with a key in base64', { jkt: jkt.replace('-', '+') }],
    ['with a key that has bits too many', { jkt: jkt.replace(/I$/, 'J') }],
    ['with an empty certificate', { 'x5t#S256': '' }],
    ['with a certificate of null', { 'x5t#S256': null }],
    [
      'with a certificate in hex',
      { 'x5t#S256': Buffer.from(thumbprint, 'base64url').toString('hex') },
    ],
    ['with a key and a bad certificate', { jkt, 'x5t#S256': 1 }],
    ['with a certificate and a bad key', { jkt: 1, ...certificate }],
  ])('a confirmation that is %s is refused', (_what, cnf) => {
    expect(reason(cnf, { scheme })).toBe('malformed_confirmation');
  });

  it.each<[string, JsonValue]>([
    ['kid', { kid: 'key' }],
    ['jwk', { jwk: { kty: 'EC' } }],
    ['jwe', { jwe: 'a.b.c.d.e' }],
    ['jku', { jku: 'https://idp.example/keys', kid: 'key' }],
    ['x5t, which is of SHA-1', { x5t: thumbprint }],
    ['x5t#s256', { 'x5t#s256': thumbprint }],
    ['JKT', { JKT: jkt }],
    ['constructor', { constructor: jkt }],
    ['__proto__', JSON.parse(`{"__proto__":{"jkt":"${jkt}"}}`)],
    ['jkt and kid', { jkt, kid: 'key' }],
    ['x5t#S256 and osc', { ...certificate, osc: {} }],
  ])('a confirmation by %s is refused, since nobody checks it', (_what, cnf) => {
    expect(reason(cnf, { scheme })).toBe('unknown_confirmation');
  });
});

it('describes every refusal in printable ASCII without quotes', () => {
  for (const text of Object.values(INVALID_BINDING)) expect(text).toMatch(/^[ !#-[\]-~]+$/);
});
