import { calculateJwkThumbprint, decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import {
  exchangeToken,
  getToken,
  TokenRequestError,
} from '../../../dev/identity-provider/get-token.ts';
import { USERS } from '../../../dev/identity-provider/users.ts';
import { postForm, withIdentityProvider } from './with-identity-provider.ts';

const idp = withIdentityProvider();

async function claims(request: Parameters<typeof getToken>[1]) {
  return decodeJwt(await getToken(idp.issuer, request));
}

describe('getToken', () => {
  it('gets a token with everything a policy may ask about a user', async () => {
    expect(await claims({ user: 'alice' })).toEqual({
      iss: idp.issuer,
      aud: 'https://tasks.example.com',
      sub: 'alice',
      client_id: 'tasks-cli',
      scope: 'tasks:read tasks:write',
      email: 'alice@example.com',
      email_verified: true,
      groups: ['qa-leads', 'engineering'],
      acr: 'phr',
      amr: ['pwd', 'mfa'],
      auth_time: expect.any(Number),
      iat: expect.any(Number),
      exp: expect.any(Number),
      jti: expect.any(String),
    });
  });

  it.each(USERS)('knows $sub', async ({ sub, groups, amr, acr }) => {
    expect(await claims({ user: sub })).toMatchObject({ sub, groups, amr, acr });
  });

  it('gets a token of another client, scope, resource, lifetime and way to sign in', async () => {
    const token = await claims({
      user: 'alice',
      client: 'tasks-web',
      scope: 'tasks:read',
      resource: 'https://other.example.com',
      acr: 'pwd',
      amr: ['pwd'],
      authAgeSeconds: 3600,
      expiresInSeconds: 60,
    });
    expect(token).toMatchObject({
      client_id: 'tasks-web',
      scope: 'tasks:read',
      aud: 'https://other.example.com',
      acr: 'pwd',
      amr: ['pwd'],
    });
    expect(Number(token.exp) - Number(token.iat)).toBe(60);
    expect(Number(token.iat) - Number(token.auth_time)).toBe(3600);
  });

  it('gets a token without scope', async () => {
    expect(await claims({ user: 'alice', scope: '' })).not.toHaveProperty('scope');
  });

  it('gets a machine a token in its own name, without claims of a user', async () => {
    const token = await claims({ scope: 'tasks:read' });
    expect(token).toMatchObject({
      sub: 'nightly-batch',
      client_id: 'nightly-batch',
      scope: 'tasks:read',
      aud: 'https://tasks.example.com',
    });
    expect(token).not.toHaveProperty('groups');
    expect(token).not.toHaveProperty('auth_time');
  });

  it('binds a token to the key of a DPoP proof, which nobody can exchange', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const jwk = await exportJWK(publicKey);
    const dpopProof = await new SignJWT({
      htm: 'POST',
      htu: `${idp.issuer}/token`,
      jti: crypto.randomUUID(),
    })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .setIssuedAt()
      .sign(privateKey);

    const bound = await getToken(idp.issuer, { user: 'alice', dpopProof });
    expect(decodeJwt(bound).cnf).toEqual({ jkt: await calculateJwkThumbprint(jwk) });
    await expect(exchangeToken(idp.issuer, bound)).rejects.toThrow('bound to a key');
    await expect(getToken(idp.issuer, { user: 'alice', dpopProof })).rejects.toThrow('Replay');
  });

  it.each([
    ['an unknown user', { user: 'mallory' }, 'invalid_grant', /alice, bob/],
    ['a wrong secret', { user: 'alice', clientSecret: 'wrong' }, 'invalid_client', /tasks-cli/],
    ['a wrong secret of a machine', { clientSecret: 'wrong' }, 'invalid_client', /nightly-batch/],
    ['an unknown scope', { user: 'alice', scope: 'tasks:raed' }, 'invalid_scope', /tasks:raed/],
    [
      'an unknown resource',
      { user: 'alice', resource: 'https://nowhere.example.com' },
      'invalid_target',
      /resource/,
    ],
    [
      'a lifetime of nothing',
      { user: 'alice', expiresInSeconds: 0 },
      'invalid_request',
      /expires_in/,
    ],
    [
      'a login by a client that may not',
      { user: 'alice', client: 'gateway' },
      'invalid_request',
      /not allowed for this client/,
    ],
  ] as const)('reports the refusal of %s', async (_, request, code, message) => {
    const refusal = getToken(idp.issuer, request);
    await expect(refusal).rejects.toBeInstanceOf(TokenRequestError);
    await expect(refusal).rejects.toMatchObject({ code });
    await expect(refusal).rejects.toThrow(message);
  });

  it('tells that nobody answers, and where', async () => {
    await expect(getToken('http://127.0.0.1:1', { user: 'alice' })).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('http://127.0.0.1:1/token'),
    });
  });
});

describe('exchangeToken', () => {
  it('gets an agent a token whose subject is the user and whose actor is the agent', async () => {
    expect(await claims({ user: 'alice', actor: 'planning-agent' })).toMatchObject({
      sub: 'alice',
      act: { sub: 'planning-agent' },
      client_id: 'planning-agent',
      aud: 'https://tasks.example.com',
      scope: 'tasks:read tasks:write',
      groups: ['qa-leads', 'engineering'],
      acr: 'phr',
      amr: ['pwd', 'mfa'],
    });
  });

  it('nests the former actor when a delegated token is delegated again', async () => {
    const first = await getToken(idp.issuer, { user: 'alice', actor: 'planning-agent' });
    expect(decodeJwt(await exchangeToken(idp.issuer, first)).act).toEqual({
      sub: 'planning-agent',
      act: { sub: 'planning-agent' },
    });
  });

  it('narrows the scope and changes the resource', async () => {
    const subject = await getToken(idp.issuer, { user: 'alice' });
    const token = await exchangeToken(idp.issuer, subject, {
      scope: 'tasks:read',
      resource: 'https://other.example.com',
    });
    expect(decodeJwt(token)).toMatchObject({
      scope: 'tasks:read',
      aud: 'https://other.example.com',
    });
  });

  it('does not widen the scope', async () => {
    const subject = await getToken(idp.issuer, { user: 'alice', scope: 'tasks:read' });
    await expect(
      exchangeToken(idp.issuer, subject, { scope: 'tasks:read tasks:write' }),
    ).rejects.toMatchObject({ code: 'invalid_scope' });
  });

  it('keeps the authentication and the end of the token it was got for', async () => {
    const subject = await getToken(idp.issuer, {
      user: 'alice',
      expiresInSeconds: 30,
      authAgeSeconds: 600,
    });
    const { exp, auth_time } = decodeJwt(subject);
    const exchanged = decodeJwt(await exchangeToken(idp.issuer, subject));
    expect(exchanged.auth_time).toBe(auth_time);
    expect(exchanged.exp).toBeLessThanOrEqual(Number(exp));
  });

  it('refuses a token of a machine, a token it did not sign and no token at all', async () => {
    const machine = await getToken(idp.issuer);
    const forged = await new SignJWT({ sub: 'alice', acr: 'phr', amr: [], auth_time: 1 })
      .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt' })
      .setIssuer(idp.issuer)
      .setExpirationTime('5m')
      .sign((await generateKeyPair('RS256')).privateKey);
    for (const token of [machine, forged, 'garbage']) {
      await expect(exchangeToken(idp.issuer, token)).rejects.toMatchObject({
        code: 'invalid_request',
        message: expect.stringContaining('not a valid access token of a user'),
      });
    }
    await expect(exchangeToken(idp.issuer, '')).rejects.toThrow('subject_token is missing');
  });

  it('answers with the issued_token_type of RFC 8693', async () => {
    const { status, body } = await postForm(`${idp.issuer}/token`, {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      client_id: 'planning-agent',
      client_secret: 'dev-only-planning-agent-secret',
      subject_token: await getToken(idp.issuer, { user: 'alice' }),
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer',
      expires_in: expect.any(Number),
    });
  });
});
