import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Google, startGoogle } from '../../../dev/google/start-google.ts';
import { createServiceAccountKeySource } from '../../../src/cloud-run/sources/service-account-key.ts';
import { parseServiceAccountKey } from '../../../src/core/google/credentials/parse-service-account-key.ts';
import { failureReason } from '../../../src/core/google/failure-reason.ts';
import { AUDIENCE, frozenClock, NOW_SECONDS, rsaPrivateKey } from '../support.ts';

const EMAIL = 'gateway@demo-project.iam.gserviceaccount.com';

let google: Google;
let before: number;
const clock = frozenClock();
beforeAll(async () => {
  google = await startGoogle({ clock });
});
beforeEach(() => {
  google.recover();
  before = google.calls().oauth_token;
});
afterAll(async () => {
  await google.stop();
});

/** Requests for an ID token in this test. */
const calls = () => google.calls().oauth_token - before;

const inTime = () => AbortSignal.timeout(5000);
const reasonOf = (promise: Promise<string>) => promise.then(() => 'no failure', failureReason);

function source(changes: { private_key?: string } = {}, sourceClock = clock) {
  const key = { ...google.serviceAccountKey(EMAIL), ...changes };
  return createServiceAccountKeySource(
    parseServiceAccountKey(key, 'config.credentials'),
    sourceClock,
  );
}

describe('a service account key as a source', () => {
  it('exchanges an assertion, dated by the clock handed in, for an ID token of that account', async () => {
    const token = await source().fetchIdToken(AUDIENCE, inTime());
    expect(decodeJwt(token)).toMatchObject({
      aud: AUDIENCE,
      email: EMAIL,
      exp: NOW_SECONDS + 3600,
    });
  });

  it('carries any audience', async () => {
    const audience = 'tasks & more+ümlaut "quoted"';
    expect(decodeJwt(await source().fetchIdToken(audience, inTime())).aud).toBe(audience);
  });

  it('tells two keys of one account apart, without telling the key', () => {
    const one = source();
    const two = source({ private_key: rsaPrivateKey() });
    expect(one.account).toBe(EMAIL);
    expect(two.account).toBe(EMAIL);
    expect(one.credential).not.toBe(two.credential);
    expect(one.credential).toBe(source().credential);
    expect(one.credential).toMatch(/^key:[0-9a-f]{64}$/);
  });

  it('tries again after a passing fault', async () => {
    google.fail({ endpoint: 'oauth_token', status: 503 });
    expect(decodeJwt(await source().fetchIdToken(AUDIENCE, inTime())).aud).toBe(AUDIENCE);
    expect(calls()).toBe(2);
  });

  it('reports a key that Google does not know, once and by its code', async () => {
    const revoked = source({ private_key: rsaPrivateKey() });
    expect(await reasonOf(revoked.fetchIdToken(AUDIENCE, inTime()))).toBe('HTTP 400 invalid_grant');
    expect(calls()).toBe(1);
  });

  it('reports a clock that is far off', async () => {
    const late = source({}, frozenClock(clock() - 3_600_000));
    expect(await reasonOf(late.fetchIdToken(AUDIENCE, inTime()))).toBe('HTTP 400 invalid_grant');
  });

  it.each([
    ['no ID token', '{"access_token":"ya29.x"}', 'the token endpoint answered without an ID token'],
    ['a page', '<html></html>', 'the answer is not a token'],
    ['nothing', '', 'the answer is not a token'],
    ['null', 'null', 'the answer is not a token'],
    ['a list', '[]', 'the answer is not a token'],
    ['a number', '7', 'the answer is not a token'],
  ])('refuses an answer with %s', async (_, body, reason) => {
    google.fail({ endpoint: 'oauth_token', body });
    expect(await reasonOf(source().fetchIdToken(AUDIENCE, inTime()))).toBe(reason);
  });

  it('does not read an answer beyond 64 KiB', async () => {
    const body = JSON.stringify({ id_token: 'x'.repeat(65_536) });
    google.fail({ endpoint: 'oauth_token', body });
    expect(await reasonOf(source().fetchIdToken(AUDIENCE, inTime()))).toBe(
      'the answer is too large',
    );
  });

  it('stops waiting when the signal says so', async () => {
    google.fail({ endpoint: 'oauth_token', delay_ms: 60_000, times: 100 });
    const started = performance.now();
    expect(await reasonOf(source().fetchIdToken(AUDIENCE, AbortSignal.timeout(100)))).toBe(
      'no complete answer in time',
    );
    expect(performance.now() - started).toBeLessThan(3000);
    expect(calls()).toBe(1);
  });

  it('does not send the assertion after a redirect', async () => {
    const location = `${google.url}/token`;
    google.fail({ endpoint: 'oauth_token', status: 307, headers: { location } });
    expect(await reasonOf(source().fetchIdToken(AUDIENCE, inTime()))).toBe('HTTP 307');
    expect(calls()).toBe(1);
  });
});
