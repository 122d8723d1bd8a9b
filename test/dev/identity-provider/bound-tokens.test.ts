import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { createDpopKey, createDpopProof } from '../../../dev/identity-provider/dpop.ts';
import { exchangeToken, getToken } from '../../../dev/identity-provider/get-token.ts';
import { selfSignedCertificate } from '../../../dev/tls/self-signed-certificate.ts';
import { basic, postForm, withIdentityProvider } from './with-identity-provider.ts';

const OPAQUE = 'https://opaque.example.com';
const { cert, thumbprint } = selfSignedCertificate({ commonName: 'client' });
const idp = withIdentityProvider();

async function introspect(token: string): Promise<Record<string, unknown>> {
  const gateway = basic('gateway', 'dev-only-gateway-secret');
  return (await postForm(`${idp.issuer}/token/introspection`, { token }, gateway)).body;
}

describe('tokens bound to a certificate (RFC 8705)', () => {
  it('are issued to a user who shows one', async () => {
    const token = await getToken(idp.issuer, { user: 'alice', clientCertificate: cert });
    expect(decodeJwt(token)).toMatchObject({
      sub: 'alice',
      client_id: 'tasks-mtls',
      groups: ['qa-leads', 'engineering'],
      cnf: { 'x5t#S256': thumbprint },
    });
  });

  it('are issued to a machine that shows one', async () => {
    const token = await getToken(idp.issuer, { clientCertificate: cert });
    expect(decodeJwt(token)).toMatchObject({ sub: 'tasks-mtls', cnf: { 'x5t#S256': thumbprint } });
  });

  it('say so in introspection where they are opaque', async () => {
    const request = { user: 'alice', resource: OPAQUE, clientCertificate: cert };
    expect(await introspect(await getToken(idp.issuer, request))).toMatchObject({
      active: true,
      sub: 'alice',
      cnf: { 'x5t#S256': thumbprint },
      token_type: 'Bearer',
    });
  });

  it('are all that their client gets: without a certificate there is none', async () => {
    await expect(getToken(idp.issuer, { user: 'alice', client: 'tasks-mtls' })).rejects.toThrow(
      'mutual TLS client certificate not provided',
    );
  });

  it.each(['garbage', cert.slice(0, 100), '%'])('are not issued for %j', async (pem) => {
    await expect(
      getToken(idp.issuer, { user: 'alice', clientCertificate: pem }),
    ).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('are not issued to clients that are not registered for them', async () => {
    const request = { user: 'alice', client: 'tasks-cli', clientCertificate: cert } as const;
    expect(decodeJwt(await getToken(idp.issuer, request))).not.toHaveProperty('cnf');
  });

  it('cannot be exchanged by an agent that does not have the certificate', async () => {
    const token = await getToken(idp.issuer, { user: 'alice', clientCertificate: cert });
    await expect(exchangeToken(idp.issuer, token)).rejects.toThrow('bound to a key');
  });

  it('open userinfo to the holder of the certificate only', async () => {
    const request = { user: 'alice', scope: 'openid', resource: '', clientCertificate: cert };
    const authorization = `Bearer ${await getToken(idp.issuer, request)}`;
    const ask = async (headers: Record<string, string>) =>
      (await fetch(`${idp.issuer}/me`, { headers: { authorization, ...headers } })).status;
    const other = selfSignedCertificate({ commonName: 'client' }).cert;
    expect(await ask({ 'x-client-cert': encodeURIComponent(cert) })).toBe(200);
    expect(await ask({ 'x-client-cert': encodeURIComponent(other) })).toBe(401);
    expect(await ask({})).toBe(401);
  });

  it('cannot be bound to a key for DPoP as well', async () => {
    const dpopProof = createDpopProof(await createDpopKey(), { url: `${idp.issuer}/token` });
    await expect(
      getToken(idp.issuer, { user: 'alice', clientCertificate: cert, dpopProof }),
    ).rejects.toThrow('multiple proof-of-possession mechanisms');
  });
});

describe('opaque tokens bound to a key for DPoP (RFC 9449)', () => {
  it('say so in introspection', async () => {
    const key = await createDpopKey();
    const dpopProof = createDpopProof(key, { url: `${idp.issuer}/token` });
    const token = await getToken(idp.issuer, { user: 'alice', resource: OPAQUE, dpopProof });
    expect(await introspect(token)).toMatchObject({
      active: true,
      cnf: { jkt: key.thumbprint },
      token_type: 'DPoP',
    });
  });
});
