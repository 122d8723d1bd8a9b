import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { faultPresets } from '../../../dev/google/fault-presets.ts';
import { createFaults } from '../../../dev/google/faults.ts';
import { type Google, startGoogle } from '../../../dev/google/start-google.ts';

const IDENTITY = '/computeMetadata/v1/instance/service-accounts/default/identity?audience=a';

let google: Google;

beforeEach(async () => {
  google = await startGoogle();
});
afterEach(() => google.stop());

async function get(path: string) {
  return await fetch(`${google.url}${path}`, { headers: { 'metadata-flavor': 'Google' } });
}

async function statuses(count: number): Promise<number[]> {
  const found = [];
  for (let i = 0; i < count; i += 1) found.push((await get('/oauth2/v3/certs')).status);
  return found;
}

describe('a fault', () => {
  it('of every second request goes on until recover()', async () => {
    google.fail({ endpoint: 'certs', status: 503, every: 2 });
    expect(await statuses(6)).toEqual([200, 503, 200, 503, 200, 503]);
    google.recover();
    expect(await statuses(2)).toEqual([200, 200]);
  });

  it('of every third request ends after its times', async () => {
    google.fail({ endpoint: 'certs', status: 503, every: 3, times: 2 });
    expect(await statuses(9)).toEqual([200, 200, 503, 200, 200, 503, 200, 200, 200]);
  });

  it('leaves the requests that it spares to the faults after it', async () => {
    google.fail({ endpoint: 'certs', status: 503, every: 2 });
    google.fail({ endpoint: 'any', status: 500, times: Number.POSITIVE_INFINITY });
    expect(await statuses(4)).toEqual([500, 503, 500, 503]);
  });

  it('that stalls sends half of the body, and the client has to give up', async () => {
    google.fail({ endpoint: 'certs', stall: true });
    const response = await fetch(google.certsUrl);
    expect(response.status).toBe(200);
    const reader = response.body?.getReader();
    expect((await reader?.read())?.value?.length).toBeGreaterThan(0);
    const rest = expect(reader?.read()).rejects.toThrow();
    await google.stop();
    await rest;
  });

  it.each([{ times: 0 }, { every: 0 }, { every: 1.5 }])('is refused with %o', (rule) => {
    expect(() => createFaults().add({ endpoint: 'any', ...rule })).toThrow(RangeError);
  });
});

describe('a server that is down', () => {
  it('refuses connections until it comes up on the same port', async () => {
    await google.goDown();
    await expect(get(IDENTITY)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    await google.comeUp();
    expect((await get(IDENTITY)).status).toBe(200);
  });
});

describe('the presets', () => {
  it('let GKE refuse ID tokens, and no access tokens, to an account without annotation', async () => {
    google.fail(faultPresets.gkeNotAnnotated('kong/proxy'));
    const response = await get(IDENTITY);
    expect(response.status).toBe(404);
    expect(response.headers.get('metadata-flavor')).toBe('Google');
    expect(await response.text()).toContain('service account (kong/proxy) is not annotated');
    expect((await get(IDENTITY.replace('identity?audience=a', 'token'))).status).toBe(200);
  });

  it.each([
    ['metadata_identity', 'identity?audience=a', 'iam.serviceAccounts.getOpenIdToken'],
    ['metadata_token', 'token', 'iam.serviceAccounts.getAccessToken'],
  ] as const)('let GKE answer 403 at %s without a binding', async (endpoint, what, permission) => {
    google.fail(faultPresets.gkeNotBound(endpoint));
    const response = await get(IDENTITY.replace('identity?audience=a', what));
    expect(response.status).toBe(403);
    expect(await response.text()).toContain(permission);
  });

  it('let an API refuse for its quota, with Retry-After', async () => {
    google.fail(faultPresets.tooManyRequests('generate_id_token', 7));
    const response = await fetch(`${google.url}/v1/projects/-/serviceAccounts/a:generateIdToken`, {
      method: 'POST',
    });
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('7');
    expect(await response.json()).toMatchObject({
      error: { code: 429, status: 'RESOURCE_EXHAUSTED' },
    });
  });

  it('let a user have to log in again', async () => {
    google.fail(faultPresets.reauthenticationNeeded());
    const response = await fetch(`${google.url}/token`, { method: 'POST' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: 'invalid_grant',
      error_subtype: 'invalid_rapt',
    });
  });
});
