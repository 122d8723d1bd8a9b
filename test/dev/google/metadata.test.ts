import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Google, startGoogle } from '../../../dev/google/start-google.ts';

const ACCOUNTS = '/computeMetadata/v1/instance/service-accounts';
const NOW = Date.UTC(2026, 10, 23, 9, 0, 0);

let google: Google;
let now = NOW;

beforeEach(() => {
  now = NOW;
});
beforeAll(async () => {
  google = await startGoogle({ clock: () => now, projectId: 'acme' });
});
afterAll(() => google.stop());

function get(path: string, headers: Record<string, string> = { 'metadata-flavor': 'Google' }) {
  return fetch(`${google.url}${path}`, { headers, redirect: 'manual' });
}

describe('every request to the metadata server', () => {
  it.each([
    ['no Metadata-Flavor', {}],
    ['another flavor', { 'metadata-flavor': 'Amazon' }],
    ['a flavor in the wrong case', { 'metadata-flavor': 'google' }],
    ['an X-Forwarded-For', { 'metadata-flavor': 'Google', 'x-forwarded-for': '10.0.0.1' }],
  ])('is refused with 403 when it has %s', async (_, headers) => {
    for (const path of [
      '/',
      `${ACCOUNTS}/default/token`,
      `${ACCOUNTS}/default/identity?audience=a`,
    ]) {
      const response = await get(path, headers);
      expect(response.status).toBe(403);
      expect(await response.text()).not.toMatch(/ya29|eyJ/);
    }
  });

  it('is answered with the headers that clients recognise the server by', async () => {
    for (const path of ['/', '/computeMetadata/v1/nothing']) {
      const response = await get(path);
      expect(response.headers.get('metadata-flavor')).toBe('Google');
      expect(response.headers.get('server')).toBe('Metadata Server for VM');
    }
  });

  it('is refused with 405 when it would write', async () => {
    const response = await fetch(`${google.url}/computeMetadata/v1/instance/name`, {
      method: 'PUT',
      headers: { 'metadata-flavor': 'Google' },
      body: 'other',
    });
    expect(response.status).toBe(405);
  });
});

describe('metadata values', () => {
  it('are plain text', async () => {
    expect(await (await get('/computeMetadata/v1/project/project-id')).text()).toBe('acme');
    expect(await (await get('/computeMetadata/v1/universe/universe-domain')).text()).toBe(
      'googleapis.com',
    );
    expect(await (await get(`${ACCOUNTS}/default/email`)).text()).toBe(
      'gateway@acme.iam.gserviceaccount.com',
    );
    expect(await (await get(`${ACCOUNTS}/default/aliases`)).text()).toBe('default\n');
  });

  it('of the attached account are found by its email as well', async () => {
    const email = encodeURIComponent(google.defaultServiceAccount);
    expect(await (await get(`${ACCOUNTS}/${email}/email`)).text()).toBe(
      google.defaultServiceAccount,
    );
  });

  it('are listed by directory, and recursively as JSON in camel case', async () => {
    expect(await (await get('/computeMetadata/v1/')).text()).toBe(
      'instance/\nproject/\nuniverse/\n',
    );
    const response = await get(`${ACCOUNTS}/default/?recursive=true`);
    expect(await response.json()).toEqual({
      aliases: ['default'],
      email: google.defaultServiceAccount,
      scopes: ['https://www.googleapis.com/auth/cloud-platform'],
    });
    const project = await get('/computeMetadata/v1/project/?recursive=true');
    expect(await project.json()).toMatchObject({
      projectId: 'acme',
      numericProjectId: '123456789012',
    });
  });

  it('of a directory without its slash are a redirect', async () => {
    const response = await get('/computeMetadata/v1/instance');
    expect(response.status).toBe(301);
    expect(response.headers.get('location')).toBe(`${google.url}/computeMetadata/v1/instance/`);
  });

  it.each([
    '/computeMetadata/v1/instance/attributes/cluster-name',
    `${ACCOUNTS}/nobody@acme.iam.gserviceaccount.com/email`,
    '/computeMetadata/v1/instance/constructor',
    '/computeMetadata/v1/instance/%ff',
    '/computeMetadata/v2/',
  ])('that do not exist are 404: %s', async (path) => {
    expect((await get(path)).status).toBe(404);
  });
});

describe('the identity endpoint', () => {
  async function identity(query: string) {
    return await get(`${ACCOUNTS}/default/identity${query}`);
  }

  it.each(['', '?audience=', '?format=full'])(
    'answers 400 without an audience: "%s"',
    async (query) => {
      const response = await identity(query);
      expect(response.status).toBe(400);
      expect(await response.text()).toContain('audience');
    },
  );

  it('answers 400 to an unknown format', async () => {
    expect((await identity('?audience=a&format=everything')).status).toBe(400);
  });

  it('answers with the raw token, signed by a published key', async () => {
    const token = await (await identity('?audience=https://tasks.example/&format=full')).text();
    const keys = (await (await fetch(google.certsUrl)).json()) as JSONWebKeySet;
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(keys), {
      currentDate: new Date(now),
    });
    expect(protectedHeader).toEqual({ alg: 'RS256', kid: keys.keys[0]?.kid, typ: 'JWT' });
    expect(payload).toMatchObject({
      iss: 'https://accounts.google.com',
      aud: 'https://tasks.example/',
      email: google.defaultServiceAccount,
      email_verified: true,
      iat: now / 1000,
      exp: now / 1000 + 3600,
    });
    expect(payload.sub).toMatch(/^\d{21}$/);
    expect(payload.azp).toBe(payload.sub);
  });

  it('tells of the instance and the email in the full format only', async () => {
    const standard = decodeJwt(await (await identity('?audience=a')).text());
    expect(Object.keys(standard).sort()).toEqual(['aud', 'azp', 'exp', 'iat', 'iss', 'sub']);
    const full = decodeJwt(await (await identity('?audience=a&format=full')).text());
    expect(full.google).toEqual({
      compute_engine: {
        instance_creation_timestamp: now / 1000,
        instance_id: expect.stringMatching(/^\d+$/),
        instance_name: 'gateway-1',
        project_id: 'acme',
        project_number: 123456789012,
        zone: 'europe-west1-b',
      },
    });
  });

  it('adds the licences when asked to', async () => {
    const token = await (await identity('?audience=a&format=full&licenses=TRUE')).text();
    expect(decodeJwt(token)).toMatchObject({
      google: { compute_engine: { license_id: [expect.any(String)] } },
    });
  });
});

describe('an ID token that the metadata server has kept', () => {
  const url = (audience: string) => `${ACCOUNTS}/default/identity?audience=${audience}&format=full`;

  it('is handed out, short-lived as it is, until it ends, and then a new one', async () => {
    google.leaveIdTokenLeftover(90);
    const first = await (await get(url('a'))).text();
    expect(decodeJwt(first)).toMatchObject({ iat: NOW / 1000 - 3510, exp: NOW / 1000 + 90 });
    now += 89_000;
    expect(await (await get(url('a'))).text()).toBe(first);
    const ofAnother = decodeJwt(await (await get(url('b'))).text());
    expect(ofAnother).toMatchObject({ aud: 'b', exp: NOW / 1000 + 90 });
    now += 1000;
    expect(decodeJwt(await (await get(url('a'))).text()).exp).toBe(now / 1000 + 3600);
  });

  it('has some life left', () => {
    expect(() => google.leaveIdTokenLeftover(0)).toThrow(RangeError);
  });
});

describe('the token endpoint', () => {
  async function token(query = '') {
    const response = await get(`${ACCOUNTS}/default/token${query}`);
    return (await response.json()) as {
      access_token: string;
      expires_in: number;
      token_type: string;
    };
  }

  it('gives the same token until five minutes before its end, and then another', async () => {
    const first = await token();
    expect(first).toEqual({
      access_token: expect.stringMatching(/^ya29\./),
      expires_in: 3599,
      token_type: 'Bearer',
    });
    now += 3_299_000;
    expect(await token()).toEqual({ ...first, expires_in: 300 });
    now += 1000;
    const next = await token();
    expect(next.access_token).not.toBe(first.access_token);
    expect(next.expires_in).toBe(3599);
  });

  it('gives one token per set of scopes', async () => {
    const [a, b, c] = [
      await token('?scopes=x,y'),
      await token('?scopes=y,x'),
      await token('?scopes=x'),
    ];
    expect(a.access_token).toBe(b.access_token);
    expect(a.access_token).not.toBe(c.access_token);
  });
});
