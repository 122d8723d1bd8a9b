import { createPublicKey } from 'node:crypto';
import { expect, it } from 'vitest';
import { readProofKey } from '../../../src/authorizer/proof/read-proof-key.ts';
import { base64url, createKey } from '../support.ts';
import { proofJwk } from './support.ts';

function rsaKey(bits: number) {
  const bytes = Buffer.alloc(Math.ceil(bits / 8), 0xff);
  bytes[0] = 0xff >> (bytes.length * 8 - bits);
  return { kty: 'RSA', n: base64url(bytes), e: 'AQAB' };
}

it('reads the members of which the thumbprint is made, in its order, and no others', () => {
  const ec = { ...proofJwk(createKey('ES256', 'key')), kid: 'k', use: 'sig', x5c: ['MII'] };
  const reading = readProofKey(ec, 'ES256');
  const key = reading.outcome === 'key' ? reading.key : {};
  expect(Object.keys(key)).toEqual(['crv', 'kty', 'x', 'y']);
  const rsa = readProofKey(rsaKey(2048), 'PS384');
  expect(Object.keys(rsa.outcome === 'key' ? rsa.key : {})).toEqual(['e', 'kty', 'n']);
});

it('takes RSA keys of 2048 to 8192 bits', () => {
  const outcomeOf = (bits: number) => readProofKey(rsaKey(bits), 'RS256').outcome;
  expect([2047, 2048, 8192, 8193].map(outcomeOf)).toEqual(['invalid', 'key', 'key', 'invalid']);
});

it.each([
  ['HS256', { kty: 'oct' }],
  ['RSA-OAEP', rsaKey(2048)],
  ['none', {}],
  ['__proto__', {}],
])('takes no key for the algorithm %s', (alg, jwk) => {
  expect(readProofKey(jwk, alg)).toEqual({ outcome: 'invalid', reason: 'wrong_key' });
});

it('takes no member from the prototype of the key', () => {
  const jwk = JSON.parse(`{"__proto__":${JSON.stringify(rsaKey(2048))}}`);
  expect(readProofKey(jwk, 'RS256')).toEqual({ outcome: 'invalid', reason: 'wrong_key' });
});

it.each([
  ['0000000000000000000000000000000000000000000000000000000000000000'],
  ['0100000000000000000000000000000000000000000000000000000000000000'],
  ['26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
  ['c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
  ['ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
  ['edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
  ['eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
])('takes no Ed25519 key that anybody can sign for: %s', (hex) => {
  for (const sign of [0, 0x80]) {
    const bytes = Buffer.from(hex, 'hex');
    bytes[31] = (bytes[31] ?? 0) | sign;
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: base64url(bytes) };
    expect(createPublicKey({ key: jwk, format: 'jwk' }).asymmetricKeyType).toBe('ed25519');
    expect(readProofKey(jwk, 'EdDSA')).toEqual({ outcome: 'invalid', reason: 'unusable_key' });
  }
});
