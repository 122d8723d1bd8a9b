import { createHash } from 'node:crypto';
import {
  calculateJwkThumbprint,
  decodeJwt,
  decodeProtectedHeader,
  EmbeddedJWK,
  jwtVerify,
} from 'jose';
import { describe, expect, it } from 'vitest';
import { createDpopKey, createDpopProof } from '../../../dev/identity-provider/dpop.ts';
import { getToken } from '../../../dev/identity-provider/get-token.ts';
import { SIGNING_ALGORITHMS } from '../../../dev/identity-provider/signing-keys.ts';
import { withIdentityProvider } from './with-identity-provider.ts';

const URL_OF_TASKS = 'https://api.example.com/tasks';
const idp = withIdentityProvider();

describe('createDpopProof', () => {
  it.each(SIGNING_ALGORITHMS)('signs with %s and shows the public key only', async (algorithm) => {
    const key = await createDpopKey(algorithm);
    const proof = createDpopProof(key, { method: 'GET', url: URL_OF_TASKS });
    const { protectedHeader, payload } = await jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt' });
    expect(protectedHeader).toEqual({ typ: 'dpop+jwt', alg: algorithm, jwk: key.jwk });
    expect(protectedHeader.jwk).not.toHaveProperty('d');
    expect(payload).toEqual({
      jti: expect.any(String),
      htm: 'GET',
      htu: URL_OF_TASKS,
      iat: expect.any(Number),
    });
    expect(key.thumbprint).toBe(await calculateJwkThumbprint(key.jwk));
  });

  it.each(['ES256', 'EdDSA'] as const)(
    'is taken by the identity provider: %s',
    async (algorithm) => {
      const key = await createDpopKey(algorithm);
      const dpopProof = createDpopProof(key, { url: `${idp.issuer}/token` });
      const token = await getToken(idp.issuer, { user: 'alice', dpopProof });
      expect(decodeJwt(token).cnf).toEqual({ jkt: key.thumbprint });
    },
  );

  it('names the token that it goes with, and the nonce it was given', async () => {
    const proof = createDpopProof(await createDpopKey(), {
      url: URL_OF_TASKS,
      accessToken: 'a.b.c',
      nonce: 'n',
    });
    const ath = createHash('sha256').update('a.b.c').digest('base64url');
    expect(decodeJwt(proof)).toMatchObject({ ath, nonce: 'n' });
  });

  it('has another jti each time', async () => {
    const key = await createDpopKey();
    const ids = [1, 2].map(() => decodeJwt(createDpopProof(key, { url: URL_OF_TASKS })).jti);
    expect(new Set(ids).size).toBe(2);
  });

  it('changes and leaves out whatever it is told to', async () => {
    const [key, other] = [await createDpopKey(), await createDpopKey()];
    const proof = createDpopProof(key, {
      url: URL_OF_TASKS,
      header: { alg: 'none', typ: undefined, jwk: other.jwk, extra: 1 },
      claims: { htm: ['POST'], iat: undefined, jti: '' },
    });
    expect(decodeProtectedHeader(proof)).toEqual({ alg: 'none', jwk: other.jwk, extra: 1 });
    expect(decodeJwt(proof)).toEqual({ htm: ['POST'], htu: URL_OF_TASKS, jti: '' });
  });

  it('does not verify when it shows a key that is not its own', async () => {
    const [key, other] = [await createDpopKey(), await createDpopKey()];
    const proof = createDpopProof(key, { url: URL_OF_TASKS, header: { jwk: other.jwk } });
    await expect(jwtVerify(proof, EmbeddedJWK)).rejects.toMatchObject({
      code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    });
  });
});
