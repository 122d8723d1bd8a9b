import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/core/config-error.ts';
import { iamCredentialsEndpoint } from '../../../src/core/google/iam-credentials-endpoint.ts';
import { stsUrl } from '../../../src/core/google/sts-url.ts';

describe('where a subject token is exchanged', () => {
  it.each([
    'https://sts.googleapis.com/v1/token',
    'https://STS.GoogleAPIs.com/v1/token',
    'https://sts.mtls.googleapis.com/v1/token',
    'https://sts.us-east1.rep.googleapis.com/v1/token',
    'https://sts-gateway.p.googleapis.com/v1/token',
  ])('may be %s', (url) => {
    expect(stsUrl(url, {})).toBe(url);
  });

  it.each([
    'https://sts.example.com/v1/token',
    'https://evilgoogleapis.com/v1/token',
    'https://sts.googleapis.com.evil.example/v1/token',
    'https://sts.googleapis.com./v1/token',
    'https://sts.googleapis.com:8443/v1/token',
    'https://sts.googleapis.com/v1/token?x=1',
    'https://sts.googleapis.com/v1/token/',
    'https://sts.googleapis.com/upload/storage/v1/b/bucket/o',
    'https://storage.googleapis.com/v1/token',
    'https://sts.storage.googleapis.com/v1/token',
    'https://sts-bucket.storage.googleapis.com/v1/token',
    'https://stsx.googleapis.com/v1/token',
    'http://127.0.0.1:4001/v1/token',
    'https://localhost/v1/token',
    'no URL',
  ])('may not be %s', (url) => {
    expect(() => stsUrl(url, {})).toThrow(ConfigError);
  });

  it('may be in the universe that the environment names', () => {
    const environment = { GOOGLE_CLOUD_UNIVERSE_DOMAIN: 'apis-tpczero.goog' };
    const url = 'https://sts.apis-tpczero.goog/v1/token';
    expect(stsUrl(url, environment)).toBe(url);
    expect(() => stsUrl('https://sts.evil.goog/v1/token', environment)).toThrow(ConfigError);
    expect(() => stsUrl(url, { GOOGLE_CLOUD_UNIVERSE_DOMAIN: '' })).toThrow(ConfigError);
  });

  it('is where the environment says, whatever the credential does', () => {
    const environment = { STS_ENDPOINT: 'http://127.0.0.1:4001' };
    expect(stsUrl('https://evil.example/', environment)).toBe('http://127.0.0.1:4001/v1/token');
    expect(() => stsUrl('https://x/', { STS_ENDPOINT: 'http://example.com' })).toThrow(ConfigError);
  });
});

describe('where service accounts are impersonated', () => {
  it('is Google, unless the environment says otherwise', () => {
    expect(iamCredentialsEndpoint({})).toBe('https://iamcredentials.googleapis.com');
    const own = { endpoint: 'https://iamcredentials.us-east1.rep.googleapis.com' };
    expect(iamCredentialsEndpoint({}, own)).toBe(own.endpoint);
    for (const endpoint of [
      'https://evil.example',
      'http://127.0.0.1:1',
      'https://sts.googleapis.com',
    ]) {
      expect(() => iamCredentialsEndpoint({}, { endpoint })).toThrow(ConfigError);
    }
    const environment = { IAM_CREDENTIALS_ENDPOINT: 'http://127.0.0.1:4001' };
    expect(iamCredentialsEndpoint(environment, { endpoint: 'https://evil.example' })).toBe(
      'http://127.0.0.1:4001',
    );
  });
});
