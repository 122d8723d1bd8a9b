import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { faultPresets } from '../../../dev/google/fault-presets.ts';
import type { Endpoint } from '../../../dev/google/faults.ts';
import { type Google, startGoogle } from '../../../dev/google/start-google.ts';
import { createAccessTokens } from '../../../src/core/google/access-tokens.ts';
import { createAccessTokenSource } from '../../../src/core/google/create-access-token-source.ts';
import { parseCredentials } from '../../../src/core/google/credentials/parse-credentials.ts';
import { retryAfterMs } from '../../../src/core/google/retry-after.ts';

describe('Retry-After', () => {
  it.each([
    [undefined],
    ['text'],
    [new Error('x')],
    [Object.assign(new Error('x'), { response: null })],
    [Object.assign(new Error('x'), { response: { headers: { 'retry-after': '1' } } })],
    [new Error('x', { cause: 'y' })],
  ])('is not there in %s', (error) => {
    expect(retryAfterMs(error)).toBeUndefined();
  });

  it('of an error that refers to itself ends the search', () => {
    const error = new Error('x');
    error.cause = error;
    expect(retryAfterMs(error)).toBeUndefined();
  });
});

describe('what Google says when there were too many requests', () => {
  let google: Google;
  beforeAll(async () => {
    google = await startGoogle();
  });
  beforeEach(() => google.recover());
  afterAll(() => google.stop());

  function sourceOf(credentials: object) {
    const clock = () => Date.now();
    return createAccessTokenSource(
      'type' in credentials && credentials.type === 'metadata_server'
        ? { type: 'metadata_server' }
        : parseCredentials({ text: JSON.stringify(credentials), where: 'here' }),
      {
        clock,
        environment: { GCE_METADATA_HOST: google.metadataHost },
        tokens: createAccessTokens({ clock }),
      },
    );
  }

  it.each<[Endpoint, () => object]>([
    ['metadata_token', () => ({ type: 'metadata_server' })],
    ['oauth_token', () => google.serviceAccountKey(google.defaultServiceAccount)],
    [
      'oauth_token',
      () => ({
        type: 'authorized_user',
        client_id: 'a',
        client_secret: 'b',
        refresh_token: 'c',
        token_uri: `${google.url}/token`,
      }),
    ],
  ])('is heard, and it is not asked again at once: %s', async (endpoint, credentials) => {
    google.fail(faultPresets.tooManyRequests(endpoint, 17));
    const before = google.calls()[endpoint];
    const error: unknown = await sourceOf(credentials())
      .fetchAccessToken('https://www.googleapis.com/auth/cloud-platform', AbortSignal.timeout(5000))
      .catch((thrown: unknown) => thrown);
    expect(retryAfterMs(error)).toBe(17_000);
    expect(google.calls()[endpoint] - before).toBe(1);
  });
});
