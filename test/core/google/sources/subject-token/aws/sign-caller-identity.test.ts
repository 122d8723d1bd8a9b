import { AwsRequestSigner } from 'google-auth-library';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { getCallerIdentity } from '../../../../../../dev/aws/get-caller-identity.ts';
import { signCallerIdentity } from '../../../../../../src/core/google/sources/subject-token/aws/sign-caller-identity.ts';

const AUDIENCE =
  '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/aws';
const KEY = {
  accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};
const NOW = Date.UTC(2026, 10, 23, 9);

beforeEach(() => {
  vi.useFakeTimers({ now: NOW, toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

async function sign(credentials: typeof KEY & { token?: string }) {
  const token = await signCallerIdentity(credentials, {
    region: 'eu-west-1',
    verification_url:
      'https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15',
    audience: AUDIENCE,
  });
  const request = JSON.parse(decodeURIComponent(token));
  const headers = new Map<string, string>(
    request.headers.map((header: { key: string; value: string }) => [header.key, header.value]),
  );
  return { ...request, headers };
}

describe('the signed request to GetCallerIdentity', () => {
  it('has the form that Google documents', async () => {
    const { headers, ...request } = await sign({ ...KEY, token: 'session' });
    expect(request).toEqual({
      url: 'https://sts.eu-west-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15',
      method: 'POST',
    });
    expect(Object.fromEntries(headers)).toEqual({
      authorization: expect.stringMatching(/^AWS4-HMAC-SHA256 Credential=ASIAIOSFODNN7EXAMPLE\//),
      host: 'sts.eu-west-1.amazonaws.com',
      'x-amz-date': '20261123T090000Z',
      'x-amz-security-token': 'session',
      'x-goog-cloud-target-resource': AUDIENCE,
    });
  });

  it('is signed so that AWS finds the caller, with the provider in what is signed', async () => {
    const arn = 'arn:aws:sts::123456789012:assumed-role/gateway/i-1';
    const request = await sign({ ...KEY, token: 'session' });
    expect(request.headers.get('authorization')).toContain(
      'SignedHeaders=host;x-amz-date;x-amz-security-token;x-goog-cloud-target-resource,',
    );
    const keys = [{ ...KEY, sessionToken: 'session', arn }];
    expect(getCallerIdentity(request, keys, NOW / 1000)).toMatchObject({ outcome: 'allow', arn });

    request.headers.set('x-goog-cloud-target-resource', `${AUDIENCE}-other`);
    expect(getCallerIdentity(request, keys, NOW / 1000)).toMatchObject({ outcome: 'deny' });
  });

  // AWS's first test suite of Signature Version 4, as botocore keeps it: post-vanilla-query.
  it("is signed by a signer that agrees with AWS's own test suite", async () => {
    vi.setSystemTime(Date.UTC(2011, 8, 9, 23, 36, 0));
    const signer = new AwsRequestSigner(
      async () => ({ ...KEY, accessKeyId: 'AKIDEXAMPLE' }),
      'us-east-1',
    );
    const { headers } = await signer.getRequestOptions({
      url: 'https://host.foo.com/?foo=bar',
      method: 'POST',
      headers: { date: 'Mon, 09 Sep 2011 23:36:00 GMT' },
    });
    expect(new Headers(headers).get('authorization')).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20110909/us-east-1/host/aws4_request, ' +
        'SignedHeaders=date;host, ' +
        'Signature=b6e3b79003ce0743a491606ba1035a804593b0efb1e20a11cba83f8c25a57a92',
    );
  });
});
