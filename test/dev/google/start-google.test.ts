import { decodeJwt, decodeProtectedHeader, type JSONWebKeySet } from 'jose';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Google, startGoogle } from '../../../dev/google/start-google.ts';

let google: Google;

beforeEach(async () => {
  google = await startGoogle();
});
afterEach(() => google.stop());

async function publishedKids(): Promise<unknown[]> {
  const { keys } = (await (await fetch(google.certsUrl)).json()) as JSONWebKeySet;
  return keys.map((key) => key.kid);
}

async function signingKid(): Promise<unknown> {
  return decodeProtectedHeader(await google.idToken(google.defaultServiceAccount, 'a')).kid;
}

describe('the certificates', () => {
  it('are a JWK set of public RSA keys that may be cached', async () => {
    const response = await fetch(google.certsUrl);
    expect(response.headers.get('cache-control')).toContain('max-age=21600');
    expect(await response.json()).toEqual({
      keys: [
        {
          kid: expect.any(String),
          kty: 'RSA',
          alg: 'RS256',
          use: 'sig',
          n: expect.any(String),
          e: 'AQAB',
        },
      ],
    });
  });

  it('keep the previous key after a rotation, and not the one before', async () => {
    const first = await signingKid();
    await google.rotateKeys();
    const second = await signingKid();
    expect(second).not.toBe(first);
    expect(await publishedKids()).toEqual([second, first]);
    await google.rotateKeys();
    expect(await publishedKids()).toEqual([await signingKid(), second]);
  });

  it('lose the previous key at once when asked to', async () => {
    await google.rotateKeys({ keepPrevious: false });
    expect(await publishedKids()).toEqual([await signingKid()]);
  });
});

describe('discovery', () => {
  it("names Google's issuer and the certificates here", async () => {
    const response = await fetch(`${google.url}/.well-known/openid-configuration`);
    expect(await response.json()).toMatchObject({
      issuer: 'https://accounts.google.com',
      jwks_uri: google.certsUrl,
      token_endpoint: `${google.url}/token`,
      id_token_signing_alg_values_supported: ['RS256'],
    });
  });
});

describe('a token for a test', () => {
  it('takes other claims, and none for null', async () => {
    const token = await google.idToken(google.defaultServiceAccount, 'a', { exp: 1, email: null });
    const claims = decodeJwt(token);
    expect(claims.exp).toBe(1);
    expect(claims).not.toHaveProperty('email');
    expect(claims.aud).toBe('a');
  });

  it('follows a global Date that was replaced after the start', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2030, 0, 1) });
    try {
      const token = await google.idToken(google.defaultServiceAccount, 'a');
      expect(decodeJwt(token).iat).toBe(Date.UTC(2030, 0, 1) / 1000);
    } finally {
      vi.useRealTimers();
    }
  });

  it('lives as long as the option says', async () => {
    const own = await startGoogle({ idTokenLifetimeSeconds: 90 });
    try {
      const { iat = 0, exp } = decodeJwt(await own.idToken(own.defaultServiceAccount, 'a'));
      expect(exp).toBe(iat + 90);
    } finally {
      await own.stop();
    }
  });
});

describe('fault injection', () => {
  it('replaces the answer as often as the rule says, and only at its endpoint', async () => {
    google.fail({ endpoint: 'certs', status: 503, times: 2 });
    expect((await fetch(`${google.url}/healthz`)).status).toBe(200);
    expect((await fetch(google.certsUrl)).status).toBe(503);
    expect((await fetch(google.certsUrl)).status).toBe(503);
    expect((await fetch(google.certsUrl)).status).toBe(200);
    expect(google.calls()).toMatchObject({ certs: 3, health: 1, oauth_token: 0 });
  });

  it('sends a malformed body with status 200', async () => {
    google.fail({ endpoint: 'any', body: '{"keys":' });
    const response = await fetch(google.certsUrl);
    expect(response.status).toBe(200);
    await expect(response.json()).rejects.toThrow(SyntaxError);
  });

  it('resets the connection', async () => {
    google.fail({ endpoint: 'certs', reset: true });
    await expect(fetch(google.certsUrl)).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
  });

  it('delays the right answer', async () => {
    google.fail({ endpoint: 'certs', delay_ms: 50 });
    const start = performance.now();
    expect((await fetch(google.certsUrl)).status).toBe(200);
    expect(performance.now() - start).toBeGreaterThanOrEqual(45);
  });

  it('ends with recover()', async () => {
    google.fail({ endpoint: 'certs', status: 500, times: Number.POSITIVE_INFINITY });
    expect((await fetch(google.certsUrl)).status).toBe(500);
    google.recover();
    expect((await fetch(google.certsUrl)).status).toBe(200);
  });

  it('does not keep stop() waiting for an answer that is held back', async () => {
    const own = await startGoogle();
    own.fail({ endpoint: 'certs', delay_ms: 600_000 });
    const pending = expect(fetch(own.certsUrl)).rejects.toThrow();
    await vi.waitFor(() => expect(own.calls().certs).toBe(1));
    await own.stop();
    await pending;
  });
});

describe('startGoogle', () => {
  it('answers 404 where Google has nothing, and 413 to a body beyond any use', async () => {
    expect((await fetch(`${google.url}/v1/projects`)).status).toBe(404);
    const response = await fetch(`${google.url}/token`, {
      method: 'POST',
      body: 'x'.repeat(1024 * 1024 + 1),
    });
    expect(response.status).toBe(413);
  });

  it('uses the public URL in what it hands out', async () => {
    const own = await startGoogle({ publicUrl: 'http://google:8085/' });
    try {
      expect(own.metadataHost).toBe('google:8085');
      expect(own.certsUrl).toBe('http://google:8085/oauth2/v3/certs');
      const key = own.serviceAccountKey(own.defaultServiceAccount);
      expect(key.token_uri).toBe('http://google:8085/token');
    } finally {
      await own.stop();
    }
  });

  it.each([
    [[], 'at least one'],
    [[{ email: 'gateway' }], 'not a service account'],
    [[{ email: 'a@b' }, { email: 'a@b' }], 'twice'],
  ])('refuses the accounts %o', async (serviceAccounts, message) => {
    await expect(startGoogle({ serviceAccounts })).rejects.toThrow(message);
  });
});
