import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseClientKey } from '../../../src/authorizer/introspection/parse-client-key.ts';
import { ConfigError } from '../../../src/core/config-error.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const otherEc = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed25519 = generateKeyPairSync('ed25519');

function pem(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}

function jwk(key: KeyObject, changes: Record<string, unknown> = {}): string {
  return JSON.stringify({ ...key.export({ format: 'jwk' }), ...changes });
}

function problems(text: string): readonly string[] {
  try {
    parseClientKey(text);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('the key was accepted');
}

describe('parseClientKey', () => {
  it.each([
    ['RSA', rsa, 'RS256'],
    ['EC P-256', ec, 'ES256'],
    ['Ed25519', ed25519, 'EdDSA'],
  ])('reads a key of %s, as PEM and as JWK', (_type, { privateKey }, alg) => {
    expect(parseClientKey(pem(privateKey))).toMatchObject({ alg });
    expect(parseClientKey(`\n  ${pem(privateKey)}\n`)).toMatchObject({ alg });
    const parsed = parseClientKey(jwk(privateKey, { kid: 'k1', use: 'sig', alg }));
    expect(parsed).toMatchObject({ alg, kid: 'k1' });
    expect(parsed.privateKey.equals(privateKey)).toBe(true);
  });

  it('goes by the alg of a JWK where the key can do it', () => {
    expect(parseClientKey(jwk(rsa.privateKey, { alg: 'PS256' })).alg).toBe('PS256');
    expect(parseClientKey(jwk(ed25519.privateKey, { alg: 'Ed25519' })).alg).toBe('Ed25519');
  });

  it('has no kid where the key names none', () => {
    expect(parseClientKey(pem(ec.privateKey))).not.toHaveProperty('kid');
  });

  const unfit = 'must be a private key in PEM, not encrypted, or as a JWK';
  const { e: _e, ...withoutExponent } = rsa.privateKey.export({ format: 'jwk' });
  const { d: ecSecret } = ec.privateKey.export({ format: 'jwk' });
  const { n: otherModulus } = otherRsa.privateKey.export({ format: 'jwk' });
  const { x, y } = otherEc.privateKey.export({ format: 'jwk' });

  it.each([
    ['nothing', '', unfit],
    ['any text', 'hunter2', unfit],
    ['a path', '/etc/key.pem', unfit],
    ['a public key', rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString(), unfit],
    [
      'an encrypted key',
      ec.privateKey
        .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'hunter2' })
        .toString(),
      unfit,
    ],
    ['half a key', pem(rsa.privateKey).slice(0, 400), unfit],
    ['a JWK with a number missing', JSON.stringify(withoutExponent), unfit],
    ['a public JWK', jwk(ec.publicKey), 'is a JWK, but not of a private key'],
    ['a JWK of a secret', '{"kty":"oct","k":"c2VjcmV0"}', 'is a JWK, but not of a private key'],
    ['a JWK that names a member twice', '{"kty":"EC","kty":"EC"}', 'is not a JSON object'],
    ['half a JWK', jwk(ec.privateKey).slice(0, -1), 'is not a JSON object'],
    ['a key for encryption', jwk(rsa.privateKey, { use: 'enc' }), 'is not a key for signing (use)'],
    [
      'a key for other operations',
      jwk(rsa.privateKey, { key_ops: ['decrypt'] }),
      'is not a key for signing (key_ops)',
    ],
    ['a kid of another type', jwk(ec.privateKey, { kid: 7 }), 'has a kid that is not a string'],
    [
      'an alg of another key type',
      jwk(ec.privateKey, { alg: 'RS256' }),
      'has an alg other than ES256',
    ],
    ['HS256', jwk(rsa.privateKey, { alg: 'HS256' }), 'has an alg other than RS256 or PS256'],
    [
      'a small RSA key',
      pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey),
      'is an RSA key of less than 2048 bits',
    ],
    [
      'another curve',
      pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey),
      'must be a key of RSA, EC P-256 or Ed25519',
    ],
    [
      'a key for key agreement',
      pem(generateKeyPairSync('x25519').privateKey),
      'must be a key of RSA, EC P-256 or Ed25519',
    ],
    [
      'numbers of two RSA keys',
      jwk(rsa.privateKey, { n: otherModulus }),
      /does not verify what it signs|must be a private key/,
    ],
    [
      'numbers of two EC keys',
      jwk(ec.privateKey, { x, y }),
      /does not verify what it signs|must be a private key/,
    ],
    [
      'a vault reference',
      '{vault://env/gateway-key}',
      'is a vault reference that Kong did not resolve',
    ],
  ] satisfies [string, string, string | RegExp][])('refuses %s', (_what, text, problem) => {
    const [first, ...more] = problems(text);
    expect(first).toMatch(
      typeof problem === 'string' ? `introspection.client_key: ${problem}` : problem,
    );
    expect(more).toEqual([]);
  });

  it('never repeats the key in a refusal', () => {
    expect(problems(jwk(ec.privateKey, { x, y })).join()).not.toContain(ecSecret);
    expect(problems('hunter2').join()).not.toContain('hunter2');
  });
});
