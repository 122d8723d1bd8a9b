import { describe, expect, it } from 'vitest';
import { startCloudRun } from '../../dev/cloud-run/start-cloud-run.ts';
import { startGoogle } from '../../dev/google/start-google.ts';
import { isFrontEndRefusal } from '../../src/cloud-run/is-front-end-refusal.ts';

describe('the 401 of a Cloud Run service', () => {
  it("is told from the service's own by the front end's challenge", async () => {
    const google = await startGoogle();
    const service = await startCloudRun({
      service: 'tasks',
      audiences: ['https://tasks.example'],
      certsUrl: google.certsUrl,
      invokers: [google.defaultServiceAccount],
    });
    try {
      const response = await fetch(service.url, { headers: { authorization: 'Bearer a.b.c' } });
      const challenge = response.headers.get('www-authenticate') ?? '';
      const { status } = response;
      await response.text();
      expect(isFrontEndRefusal({ status, source: 'service', challenge })).toBe(true);
      expect(isFrontEndRefusal({ status, source: 'exit', challenge })).toBe(false);
      const own = 'Bearer realm="tasks", error="invalid_token"';
      expect(isFrontEndRefusal({ status, source: 'service', challenge: own })).toBe(false);
    } finally {
      await service.stop();
      await google.stop();
    }
  });
});
