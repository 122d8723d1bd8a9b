import { createHash, randomBytes } from 'node:crypto';
import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { postForm, withIdentityProvider } from './with-identity-provider.ts';

const REDIRECT_URI = 'http://127.0.0.1:8765/callback';
const MAX_STEPS = 10;
const idp = withIdentityProvider();

/** Follows redirects within the identity provider and keeps its cookies, as a browser does. */
function openBrowser() {
  const cookies = new Map<string, string>();
  return async function visit(url: string): Promise<{ url: string; html: string }> {
    let current = url;
    for (let step = 0; step < MAX_STEPS; step++) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(current, { redirect: 'manual', headers: { cookie } });
      for (const line of response.headers.getSetCookie()) {
        const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=');
        cookies.set(name, value);
      }
      const location = response.headers.get('location');
      if (location === null) {
        return { url: current, html: await response.text() };
      }
      current = new URL(location, current).href;
      if (current.startsWith(REDIRECT_URI)) {
        return { url: current, html: '' };
      }
    }
    throw new Error(`more than ${MAX_STEPS} redirects from ${url}`);
  };
}

function authorizationUrl(verifier: string, scope: string, extra: Record<string, string> = {}) {
  const parameters = new URLSearchParams({
    client_id: 'tasks-web',
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...extra,
  });
  return `${idp.issuer}/auth?${parameters}`;
}

describe('the authorization code flow', () => {
  it('lists the users, signs in the one that is picked and issues their tokens', async () => {
    const verifier = randomBytes(32).toString('base64url');
    const visit = openBrowser();
    const page = await visit(
      authorizationUrl(verifier, 'openid email offline_access tasks:read', {
        resource: 'https://tasks.example.com',
        prompt: 'consent',
      }),
    );
    expect(page.html).toContain('Carol Cooper');
    expect(page.html).toContain('href="?user=erin"');

    const { url } = await visit(`${page.url}?user=carol`);
    const code = new URL(url).searchParams.get('code') ?? '';
    const { status, body } = await postForm(`${idp.issuer}/token`, {
      grant_type: 'authorization_code',
      client_id: 'tasks-web',
      redirect_uri: REDIRECT_URI,
      code,
      code_verifier: verifier,
    });
    expect(status).toBe(200);
    const carol = { sub: 'carol', acr: 'mfa', amr: ['pwd', 'mfa'] };
    expect(decodeJwt(String(body.id_token))).toMatchObject({ ...carol, aud: 'tasks-web' });
    const accessToken = decodeJwt(String(body.access_token));
    expect(accessToken).toMatchObject({
      ...carol,
      aud: 'https://tasks.example.com',
      scope: 'tasks:read',
      groups: ['qa-leads', 'prod-operators'],
      auth_time: expect.any(Number),
    });

    const refreshed = await postForm(`${idp.issuer}/token`, {
      grant_type: 'refresh_token',
      client_id: 'tasks-web',
      refresh_token: String(body.refresh_token),
    });
    expect(decodeJwt(String(refreshed.body.access_token))).toMatchObject({
      ...carol,
      auth_time: accessToken.auth_time,
    });
  });

  it('shows the page again for a user that does not exist', async () => {
    const visit = openBrowser();
    const page = await visit(authorizationUrl('v'.repeat(43), 'openid'));
    const again = await visit(`${page.url}?user=mallory`);
    expect(again.html).toContain('Sign in to tasks-web');
  });

  it('refuses a client without PKCE', async () => {
    const { url } = await openBrowser()(
      `${idp.issuer}/auth?${new URLSearchParams({
        client_id: 'tasks-web',
        response_type: 'code',
        redirect_uri: REDIRECT_URI,
        scope: 'openid',
      })}`,
    );
    expect(new URL(url).searchParams.get('error')).toBe('invalid_request');
  });
});
