import { generateKeyPairSync } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { createClientAuthentication } from '../../../src/authorizer/introspection/client-authentication.ts';
import type { IntrospectionSettings } from '../../../src/authorizer/introspection/settings.ts';
import { ENDPOINT, NOW, settingsOf } from './support.ts';

function create(changes: Partial<IntrospectionSettings>) {
  let ids = 0;
  const randomId = () => `id-${++ids}`;
  return createClientAuthentication(settingsOf(changes), { clock: () => NOW * 1000, randomId });
}

describe('client_secret_basic', () => {
  async function pair(client_id: string, client_secret: string): Promise<string> {
    const { headers, parameters } = await create({ client_id, client_secret })();
    expect(parameters).toEqual({});
    const [scheme, value = ''] = (headers.authorization ?? '').split(' ');
    expect(scheme).toBe('Basic');
    return Buffer.from(value, 'base64').toString('latin1');
  }

  it.each([
    ['plain text', 'gateway', 'secret-1_2.3', 'gateway:secret-1_2.3'],
    ['a colon', 'https://gateway:8443', 'a:b', 'https%3A%2F%2Fgateway%3A8443:a%3Ab'],
    ['a percent sign', 'gateway', '100%41', 'gateway:100%2541'],
    ['a plus sign', 'gateway', 'a+b', 'gateway:a%2Bb'],
    ['a space', 'the gateway', 'a b', 'the+gateway:a+b'],
    ['ampersand and equals', 'gateway', 'a&b=c', 'gateway:a%26b%3Dc'],
    ['UTF-8', 'gäteway', 'pässword€😀', 'g%C3%A4teway:p%C3%A4ssword%E2%82%AC%F0%9F%98%80'],
    [
      'the example of RFC 6749 appendix B',
      'gateway',
      ' %&+£€',
      'gateway:+%25%26%2B%C2%A3%E2%82%AC',
    ],
  ])('encodes %s as a form does', async (_what, id, secret, expected) => {
    const encoded = await pair(id, secret);
    expect(encoded).toBe(expected);
    const [first, second, ...more] = encoded.split(':');
    expect(more).toEqual([]);
    const form = new URLSearchParams(`id=${first}&secret=${second}`);
    expect([form.get('id'), form.get('secret')]).toEqual([id, secret]);
  });
});

describe('client_secret_post', () => {
  it('puts id and secret into the form, as they are', async () => {
    const authenticate = create({
      client_auth_method: 'client_secret_post',
      client_secret: 'a:b+c',
    });
    expect(await authenticate()).toEqual({
      headers: {},
      parameters: { client_id: 'gateway', client_secret: 'a:b+c' },
    });
  });
});

describe('private_key_jwt', () => {
  const method = { client_auth_method: 'private_key_jwt', client_secret: undefined } as const;
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'from-jwk' };
  const client_key = JSON.stringify(jwk);

  it.each([
    ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['ES256', { privateKey, publicKey }],
    ['EdDSA', generateKeyPairSync('ed25519')],
  ])('signs an assertion with %s that names the client and the endpoint', async (alg, pair) => {
    const pem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const { headers, parameters } = await create({ ...method, client_key: pem })();
    expect(headers).toEqual({});
    const { client_assertion = '', ...others } = parameters;
    expect(others).toEqual({
      client_id: 'gateway',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });
    const { payload, protectedHeader } = await jwtVerify(client_assertion, pair.publicKey, {
      currentDate: new Date(NOW * 1000),
    });
    expect(protectedHeader).toEqual({ alg });
    expect(payload).toEqual({
      iss: 'gateway',
      sub: 'gateway',
      aud: ENDPOINT,
      jti: 'id-1',
      iat: NOW,
      exp: NOW + 60,
    });
  });

  it('signs with PS256 where the JWK says so', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = JSON.stringify({ ...rsa.privateKey.export({ format: 'jwk' }), alg: 'PS256' });
    const { parameters } = await create({ ...method, client_key: key })();
    const currentDate = new Date(NOW * 1000);
    const verified = jwtVerify(parameters.client_assertion ?? '', rsa.publicKey, { currentDate });
    await expect(verified).resolves.toMatchObject({ protectedHeader: { alg: 'PS256' } });
  });

  it('names the key as configured, or as the JWK does', async () => {
    const header = async (changes: Partial<IntrospectionSettings>) => {
      const { parameters } = await create({ ...method, client_key, ...changes })();
      return decodeProtectedHeader(parameters.client_assertion ?? '');
    };
    expect(await header({})).toEqual({ alg: 'ES256', kid: 'from-jwk' });
    expect(await header({ client_key_id: 'mine' })).toEqual({ alg: 'ES256', kid: 'mine' });
  });

  it('names the audience that is configured', async () => {
    const client_assertion_audience = 'https://idp.example';
    const { parameters } = await create({ ...method, client_key, client_assertion_audience })();
    expect(decodeJwt(parameters.client_assertion ?? '').aud).toBe('https://idp.example');
  });

  it('never uses an assertion twice', async () => {
    const authenticate = create({ ...method, client_key });
    const all = [await authenticate(), await authenticate()];
    const ids = all.map(({ parameters }) => decodeJwt(parameters.client_assertion ?? '').jti);
    expect(ids).toEqual(['id-1', 'id-2']);
  });
});

describe('createClientAuthentication', () => {
  it.each([
    ['client_secret_basic', { client_secret: undefined }, 'client_secret: is required'],
    ['client_secret_post', { client_secret: '' }, 'client_secret: is required'],
    ['private_key_jwt', { client_key: undefined }, 'client_key: is required'],
    ['private_key_jwt', { client_key: 'hunter2' }, 'client_key: must be a private key'],
  ] as const)('refuses %s with %j', (client_auth_method, changes, problem) => {
    expect(() => create({ client_auth_method, ...changes })).toThrow(`introspection.${problem}`);
  });
});
