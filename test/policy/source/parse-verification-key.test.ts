import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/core/config-error.ts';
import { parseVerificationKey } from '../../../src/policy/source/parse-verification-key.ts';
import { createSigner } from './support.ts';

const ec = createSigner('ES256', 'a');
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const json = (changes: Record<string, unknown>) => JSON.stringify({ ...ec.jwk, ...changes });

describe('parseVerificationKey', () => {
  it('derives the algorithms from the type of the key', () => {
    const algorithms = (alg: 'ES256' | 'EdDSA' | 'RS256') =>
      parseVerificationKey(createSigner(alg).pem, 'key').algorithms;
    expect(algorithms('ES256')).toEqual(['ES256']);
    expect(algorithms('EdDSA')).toEqual(['EdDSA', 'Ed25519']);
    expect(algorithms('RS256')).toEqual(['RS256', 'PS256']);
  });

  it('keeps to the algorithm that a JWK names', () => {
    const rsa = createSigner('RS256').jwk;
    const { algorithms } = parseVerificationKey(JSON.stringify({ ...rsa, alg: 'PS256' }), 'key');
    expect(algorithms).toEqual(['PS256']);
  });

  it.each([
    ['a private key in PEM', pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
    ['a private JWK', JSON.stringify(pair.privateKey.export({ format: 'jwk' }))],
    ['a symmetric JWK', '{"kty":"oct","k":"c2VjcmV0"}'],
    ['a key for encryption', json({ use: 'enc' })],
    ['a key that may not verify', json({ key_ops: ['sign'] })],
    ['an algorithm of another type', json({ alg: 'RS256' })],
    ['a kid that is no text', json({ kid: 1 })],
    ['numbers that make no key', json({ x: 'AAAA' })],
    ['another curve', createPem('P-384')],
    ['a short RSA key', createPem(1024)],
    ['JSON with a repeated member', `{"kty":"EC",${json({}).slice(1)}`],
    ['anything else', 'secret-looking text'],
    ['an unresolved reference', '{vault://env/key}'],
  ])('refuses %s, without repeating it', (_, text) => {
    const parse = () => parseVerificationKey(text, 'config.grant_keys[0]');
    expect(parse).toThrow(ConfigError);
    expect(parse).toThrow(/^config\.grant_keys\[0\]: [a-zA-Z0-9 ,-]+(?:\(use, key_ops\))?$/);
    expect(parse).not.toThrow(text.slice(0, 20));
  });
});

function createPem(size: string | number): string {
  const { publicKey } =
    typeof size === 'string'
      ? generateKeyPairSync('ec', { namedCurve: size })
      : generateKeyPairSync('rsa', { modulusLength: size });
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}
