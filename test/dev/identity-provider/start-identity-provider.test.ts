import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { getToken } from '../../../dev/identity-provider/get-token.ts';
import { SIGNING_ALGORITHMS } from '../../../dev/identity-provider/signing-keys.ts';
import { startIdentityProvider } from '../../../dev/identity-provider/start-identity-provider.ts';
import { withIdentityProvider } from './with-identity-provider.ts';

const TASKS = 'https://tasks.example.com';
const idp = withIdentityProvider();

async function verify(token: string) {
  return jwtVerify(token, createRemoteJWKSet(new URL(`${idp.issuer}/jwks`)), {
    issuer: idp.issuer,
    audience: TASKS,
    typ: 'at+jwt',
  });
}

async function fetchKeys() {
  const response = await fetch(`${idp.issuer}/jwks`);
  const KeySet = z.object({ keys: z.array(z.looseObject({ alg: z.string() })) });
  return KeySet.parse(await response.json()).keys;
}

describe('startIdentityProvider', () => {
  it('serves a discovery document with its issuer and endpoints', async () => {
    const response = await fetch(`${idp.issuer}/.well-known/openid-configuration`);
    expect(await response.json()).toMatchObject({
      issuer: idp.issuer,
      jwks_uri: `${idp.issuer}/jwks`,
      token_endpoint: `${idp.issuer}/token`,
      introspection_endpoint: `${idp.issuer}/token/introspection`,
      revocation_endpoint: `${idp.issuer}/token/revocation`,
      userinfo_endpoint: `${idp.issuer}/me`,
      scopes_supported: ['openid', 'profile', 'email', 'groups', 'offline_access'],
    });
  });

  it('publishes one public key for each algorithm and no private parts', async () => {
    const keys = await fetchKeys();
    expect(keys.map(({ alg }) => alg)).toEqual([...SIGNING_ALGORITHMS]);
    for (const key of keys) {
      expect(Object.keys(key)).not.toContain('d');
    }
  });

  it('issues RS256 access tokens that a resource server can verify', async () => {
    const { protectedHeader, payload } = await verify(await getToken(idp.issuer, { user: 'bob' }));
    expect(protectedHeader).toMatchObject({ alg: 'RS256', typ: 'at+jwt' });
    expect(Number(payload.exp) - Number(payload.iat)).toBe(300);
  });

  it.each(SIGNING_ALGORITHMS)('signs with %s when asked to', async (signingAlgorithm) => {
    const token = await getToken(idp.issuer, { user: 'bob', signingAlgorithm });
    expect((await verify(token)).protectedHeader.alg).toBe(signingAlgorithm);
  });

  it('rotates its keys and lets tokens of the former ones verify', async () => {
    const before = await getToken(idp.issuer, { user: 'bob' });
    await idp.rotateKeys();
    const after = await getToken(idp.issuer, { user: 'bob' });
    expect(decodeProtectedHeader(after).kid).not.toBe(decodeProtectedHeader(before).kid);
    await expect(verify(before)).resolves.toMatchObject({ payload: { sub: 'bob' } });
    await expect(verify(after)).resolves.toMatchObject({ payload: { sub: 'bob' } });
  });

  it('drops the former keys when told to', async () => {
    const before = await getToken(idp.issuer, { user: 'bob' });
    await idp.rotateKeys({ keepPrevious: false });
    await expect(verify(before)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
  });

  it('rotates over HTTP, for one that runs in another process', async () => {
    const before = await getToken(idp.issuer, { user: 'bob' });
    const response = await fetch(`${idp.issuer}/dev/rotate-keys`, { method: 'POST' });
    expect(response.status).toBe(204);
    const after = await getToken(idp.issuer, { user: 'bob' });
    expect(decodeProtectedHeader(after).kid).not.toBe(decodeProtectedHeader(before).kid);
  });

  it('tells that it is healthy', async () => {
    const response = await fetch(`${idp.issuer}/health`);
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
  });

  it('starts without a word on the console', async () => {
    const spies = (['log', 'info', 'warn', 'error'] as const).map((name) =>
      vi.spyOn(console, name),
    );
    const other = await startIdentityProvider();
    await getToken(other.issuer, { user: 'bob' });
    await other.stop();
    for (const spy of spies) {
      expect(spy).not.toHaveBeenCalled();
      spy.mockRestore();
    }
  });

  it('puts another issuer into its tokens when told to', async () => {
    const other = await startIdentityProvider({ issuer: 'https://login.example.com' });
    const url = `http://127.0.0.1:${other.port}`;
    const token = await getToken(url, { user: 'bob' });
    const keys = createRemoteJWKSet(new URL(`${url}/jwks`));
    await expect(
      jwtVerify(token, keys, { issuer: 'https://login.example.com' }),
    ).resolves.toBeDefined();
    await other.stop();
  });

  it('refuses to start on a port that is taken', async () => {
    const port = Number(new URL(idp.issuer).port);
    await expect(startIdentityProvider({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('gives the port back when it stops or cannot be configured', async () => {
    const first = await startIdentityProvider();
    const { port } = first;
    await first.stop();
    await expect(startIdentityProvider({ port, issuer: 'ftp://x' })).rejects.toThrow('Issuer');
    const second = await startIdentityProvider({ port });
    expect(second.port).toBe(port);
    await second.stop();
  });
});
