import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/core/config-error.ts';
import { checkGoogleUrl } from '../../../src/core/google/check-google-url.ts';

const check =
  (url: string, environment = {}) =>
  () =>
    checkGoogleUrl(url, 'token_url', environment);

describe('an address that a credential names', () => {
  it.each([
    'https://sts.googleapis.com/v1/token',
    'https://sts-psc.p.googleapis.com/v1/token',
    'https://STS.GoogleAPIs.com/v1/token',
    'http://127.0.0.1:4001/v1/token',
  ])('may be %s', (url) => {
    expect(check(url)).not.toThrow();
  });

  it.each([
    'https://sts.example.com/v1/token',
    'https://evilgoogleapis.com/v1/token',
    'https://googleapis.com.evil.example/v1/token',
    'https://evil.example/googleapis.com',
    'https://127.0.0.1.evil.example/',
  ])('may not be %s', (url) => {
    expect(check(url)).toThrow(ConfigError);
  });

  it('may be in the universe that the environment names', () => {
    const environment = { GOOGLE_CLOUD_UNIVERSE_DOMAIN: 'apis-tpczero.goog' };
    expect(check('https://sts.apis-tpczero.goog/v1/token', environment)).not.toThrow();
    expect(check('https://sts.apis-tpczero.goog.evil.example/', environment)).toThrow(ConfigError);
    expect(check('https://sts.example/', { GOOGLE_CLOUD_UNIVERSE_DOMAIN: '' })).toThrow(
      ConfigError,
    );
  });
});
