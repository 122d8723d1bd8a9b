import { describe, expect, it } from 'vitest';
import { startGoogle } from '../../../../../dev/google/start-google.ts';
import {
  isDenied,
  isOutage,
  plainReason,
} from '../../../../../src/cli/doctor/online/google/failure-kind.ts';
import { CLOUD_PLATFORM } from '../../../../../src/core/google/access-token-source.ts';
import { createAccessTokens } from '../../../../../src/core/google/access-tokens.ts';
import { failureReason } from '../../../../../src/core/google/failure-reason.ts';
import { generateIdToken } from '../../../../../src/core/google/iam-credentials.ts';
import { createMetadataServerSource } from '../../../../../src/core/google/sources/metadata-server.ts';
import { GATEWAY } from '../support.ts';

describe('an outage', () => {
  it.each(['ECONNREFUSED', 'ENOTFOUND', 'CERT_HAS_EXPIRED', 'HTTP 503', 'no answer within 10 ms'])(
    'is %s',
    (reason) => {
      expect(isOutage(reason)).toBe(true);
    },
  );

  it.each(['HTTP 400 invalid_grant', 'HTTP 404', 'permission denied; grant it', 'unknown error'])(
    'is not %s',
    (reason) => {
      expect(isOutage(reason)).toBe(false);
    },
  );
});

describe('the words of those who fail', () => {
  it('are known where an account may not be impersonated', async () => {
    const google = await startGoogle({ serviceAccounts: [{ email: GATEWAY }] });
    const environment = { GCE_METADATA_HOST: google.metadataHost };
    const source = createMetadataServerSource(environment, Date.now);
    const caller = {
      tokens: createAccessTokens({ clock: Date.now }),
      source,
      scope: CLOUD_PLATFORM,
    };
    const target = { endpoint: google.url, service_account: GATEWAY, delegates: [] };
    const signal = AbortSignal.timeout(5000);
    const reason = await generateIdToken(caller, target, 'x', signal).catch(failureReason);
    await google.stop();
    expect(isDenied(reason)).toBe(true);
  });

  it('are known where no access token can be had', async () => {
    const tokens = createAccessTokens({ clock: Date.now });
    const source = {
      credential: 'none',
      fetchAccessToken: () => Promise.reject(Object.assign(new Error('x'), { code: 'ECONNRESET' })),
    };
    const reason = await tokens.get(source, CLOUD_PLATFORM).catch(failureReason);
    expect(reason).not.toBe('ECONNRESET');
    expect(plainReason(reason)).toBe('ECONNRESET');
  });
});
