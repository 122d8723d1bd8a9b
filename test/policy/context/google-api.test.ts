import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Google, startGoogle } from '../../../dev/google/start-google.ts';
import { CLOUD_PLATFORM } from '../../../src/core/google/access-token-source.ts';
import { googleApi } from './google-api.ts';
import { frozenClock, inTime } from './support.ts';

const PATH = '/v2/projects/demo-project/locations/europe-west1/services/tasks';

let google: Google;
beforeAll(async () => {
  google = await startGoogle({ cloudRunServices: [{ name: PATH.slice(4) }] });
});
beforeEach(() => google.recover());
afterAll(() => google.stop());

const ask = (path = PATH) => googleApi(google).get(google.url + path, inTime());

describe('a Google API', () => {
  it('is asked with an access token, one for many questions', async () => {
    const api = googleApi(google);
    const before = google.calls().metadata_token;
    expect(await api.get(google.url + PATH, inTime())).toMatchObject({ outcome: 'found' });
    expect(await api.get(google.url + PATH, inTime())).toMatchObject({ outcome: 'found' });
    expect(google.calls().metadata_token - before).toBe(1);
  });

  it.each([
    [400, 'invalid'],
    [403, 'denied'],
    [404, 'not_found'],
  ])('that says %i has answered: %s', async (status, outcome) => {
    google.fail({ endpoint: 'get_service', status });
    expect(await ask()).toEqual({ outcome });
  });

  it('refuses a token without its scope', async () => {
    const api = googleApi(google, 'https://www.googleapis.com/auth/devstorage.read_only');
    expect(await api.get(google.url + PATH, inTime())).toEqual({ outcome: 'denied' });
  });

  it('is asked once more with a new token where it does not take an old one', async () => {
    const clock = frozenClock();
    const api = googleApi(google, CLOUD_PLATFORM, clock);
    await api.get(google.url + PATH, inTime());
    clock.advance(60);
    google.fail({ endpoint: 'get_service', status: 401 });
    expect(await api.get(google.url + PATH, inTime())).toMatchObject({ outcome: 'found' });
    google.fail({ endpoint: 'get_service', status: 401 });
    await expect(api.get(google.url + PATH, inTime())).rejects.toMatchObject({
      message: 'HTTP 401',
      concerns: 'api',
    });
  });

  it.each([
    ['7', 7000],
    ['0', 1000],
    ['9999', 60_000],
    ['Wed, 21 Oct 2026 07:28:00 GMT', undefined],
  ])('that is busy says when to come back: %s', async (value, retry_after_ms) => {
    const headers = { 'retry-after': value };
    google.fail({ endpoint: 'get_service', status: 429, headers });
    await expect(ask()).rejects.toMatchObject({ message: 'HTTP 429', retry_after_ms });
  });

  it('is not followed elsewhere', async () => {
    const headers = { location: `${google.url}${PATH}` };
    google.fail({ endpoint: 'get_service', status: 302, headers });
    await expect(ask()).rejects.toMatchObject({ message: 'HTTP 302', concerns: 'api' });
  });

  it.each(['{"name":', '[]', 'null', '', '<html>'])(
    'is not understood where it says %j',
    async (body) => {
      google.fail({ endpoint: 'get_service', body });
      await expect(ask()).rejects.toMatchObject({ message: 'the answer is not a JSON object' });
    },
  );

  it('is not read beyond a megabyte', async () => {
    google.fail({ endpoint: 'get_service', body: ' '.repeat(1_048_577) });
    await expect(ask()).rejects.toMatchObject({ message: 'the answer is too large' });
  });

  it('may close a connection once', async () => {
    google.fail({ endpoint: 'get_service', reset: true });
    expect(await ask()).toMatchObject({ outcome: 'found' });
    google.fail({ endpoint: 'get_service', reset: true, times: 2 });
    await expect(ask()).rejects.toMatchObject({ message: 'ECONNRESET', concerns: 'api' });
  });

  it('cannot be asked without a token, and the error tells none', async () => {
    google.fail({ endpoint: 'metadata_token', status: 403, body: 'ya29.secret' });
    await expect(ask()).rejects.toMatchObject({
      message: 'no access token can be had: HTTP 403',
      concerns: 'api',
    });
  });

  it('heeds the signal', async () => {
    google.fail({ endpoint: 'get_service', delay_ms: 600_000 });
    const controller = new AbortController();
    const api = googleApi(google);
    const before = google.calls().get_service;
    const answer = expect(api.get(google.url + PATH, controller.signal)).rejects.toThrow('enough');
    await expect.poll(() => google.calls().get_service - before).toBe(1);
    controller.abort(new Error('enough'));
    await answer;
  });
});
