import { describe, expect, it } from 'vitest';
import { getToken } from '../../../dev/identity-provider/get-token.ts';
import { basic, postForm, withIdentityProvider } from './with-identity-provider.ts';

const OPAQUE = 'https://opaque.example.com';
const GATEWAY = basic('gateway', 'dev-only-gateway-secret');
const idp = withIdentityProvider();

function introspect(token: string, credentials = GATEWAY) {
  return postForm(`${idp.issuer}/token/introspection`, { token }, credentials);
}

describe('opaque access tokens', () => {
  it('say nothing by themselves and everything when the gateway introspects them', async () => {
    const token = await getToken(idp.issuer, { user: 'carol', resource: OPAQUE });
    expect(token).not.toContain('.');
    const { status, body } = await introspect(token);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      active: true,
      iss: idp.issuer,
      aud: OPAQUE,
      sub: 'carol',
      client_id: 'tasks-cli',
      scope: 'tasks:read tasks:write',
      token_type: 'Bearer',
      email: 'carol@example.com',
      email_verified: true,
      groups: ['qa-leads', 'prod-operators'],
      acr: 'mfa',
      amr: ['pwd', 'mfa'],
      auth_time: expect.any(Number),
    });
    expect(Number(body.exp) - Number(body.iat)).toBe(300);
  });

  it('name the agent that acts for the user', async () => {
    const token = await getToken(idp.issuer, {
      user: 'carol',
      resource: OPAQUE,
      actor: 'planning-agent',
    });
    const { body } = await introspect(token);
    expect(body).toMatchObject({ sub: 'carol', act: { sub: 'planning-agent' } });
  });

  it('of a machine have no subject but the client', async () => {
    const token = await getToken(idp.issuer, { resource: OPAQUE });
    const { body } = await introspect(token);
    expect(body).toMatchObject({ active: true, client_id: 'nightly-batch', aud: OPAQUE });
    expect(body).not.toHaveProperty('sub');
  });

  it('are inactive when nobody issued them', async () => {
    expect((await introspect('nobody-issued-this')).body).toEqual({ active: false });
  });

  it('are inactive once revoked', async () => {
    const token = await getToken(idp.issuer, { user: 'carol', resource: OPAQUE });
    const tasksCli = basic('tasks-cli', 'dev-only-tasks-cli-secret');
    await postForm(`${idp.issuer}/token/revocation`, { token }, tasksCli);
    expect((await introspect(token)).body).toEqual({ active: false });
  });

  it('survive a rotation of the keys', async () => {
    const token = await getToken(idp.issuer, { user: 'carol', resource: OPAQUE });
    await idp.rotateKeys();
    expect((await introspect(token)).body).toMatchObject({ active: true });
  });

  it('are nothing that another client may ask about', async () => {
    const token = await getToken(idp.issuer, { user: 'carol', resource: OPAQUE });
    const machine = basic('nightly-batch', 'dev-only-nightly-batch-secret');
    expect((await introspect(token, machine)).body).toEqual({ active: false });
  });

  it('are not introspected for a wrong secret', async () => {
    const token = await getToken(idp.issuer, { user: 'carol', resource: OPAQUE });
    const { status, body } = await introspect(token, basic('gateway', 'wrong'));
    expect([status, body.error]).toEqual([401, 'invalid_client']);
  });
});

describe('the userinfo endpoint', () => {
  it('tells the claims of the scopes to a token without resource', async () => {
    const token = await getToken(idp.issuer, {
      user: 'alice',
      scope: 'openid email groups',
      resource: '',
    });
    const response = await fetch(`${idp.issuer}/me`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await response.json()).toEqual({
      sub: 'alice',
      email: 'alice@example.com',
      email_verified: true,
      groups: ['qa-leads', 'engineering'],
    });
  });
});
