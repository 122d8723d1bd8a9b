import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CloudRunOptions, startCloudRun } from '../../dev/cloud-run/start-cloud-run.ts';
import { type Google, startGoogle } from '../../dev/google/start-google.ts';
import { isFrontEndRefusal, REFUSAL_HEADERS } from '../../src/cloud-run/is-front-end-refusal.ts';

let google: Google;
beforeAll(async () => {
  google = await startGoogle();
});
afterAll(() => google.stop());

/** What the service answers to a token that is none, or to a good one. */
async function answerOf(options: Partial<CloudRunOptions>, token: 'good' | 'bad') {
  const audience = 'https://tasks.example';
  const service = await startCloudRun({
    service: 'tasks',
    audiences: [audience],
    certsUrl: google.certsUrl,
    invokers: [google.defaultServiceAccount],
    ...options,
  });
  try {
    const good = () => google.idToken(google.defaultServiceAccount, audience);
    const authorization = `Bearer ${token === 'good' ? await good() : 'a.b.c'}`;
    const response = await fetch(service.url, { headers: { authorization } });
    await response.text();
    const headers = Object.fromEntries(
      REFUSAL_HEADERS.map((name) => [name, response.headers.get(name) ?? '']),
    );
    return { status: response.status, headers };
  } finally {
    await service.stop();
  }
}

describe("Google's 401", () => {
  it("of Cloud Run's front end is known by its challenge", async () => {
    const answer = await answerOf({}, 'bad');
    expect(isFrontEndRefusal(answer)).toBe(true);
    expect(isFrontEndRefusal({ ...answer, status: 403 })).toBe(false);
  });

  it('of Identity-Aware Proxy is known by its header', async () => {
    expect(isFrontEndRefusal(await answerOf({ iap: { audience: 'client' } }, 'bad'))).toBe(true);
  });

  it("is not the service's own", async () => {
    const headers = { 'www-authenticate': 'Bearer realm="tasks", error="invalid_token"' };
    const answer = await answerOf({ app: () => ({ status: 401, headers }) }, 'good');
    expect(answer.status).toBe(401);
    expect(isFrontEndRefusal(answer)).toBe(false);
  });
});
