import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../../../../src/core/config-error.ts';
import { containerCredentialsUrl } from '../../../../../../src/core/google/sources/subject-token/aws/container-credentials-url.ts';
import { thrownBy } from '../../../../../cloud-run/support.ts';

const relative = (uri: string) =>
  containerCredentialsUrl({ AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: uri });
const full = (uri: string) => containerCredentialsUrl({ AWS_CONTAINER_CREDENTIALS_FULL_URI: uri });

describe("the URL of a container's credentials", () => {
  it('is not there outside of a container', () => {
    expect(containerCredentialsUrl({})).toBeUndefined();
    expect(relative('')).toBeUndefined();
  });

  it('is on the host of ECS where it is relative, which goes first', () => {
    const url = containerCredentialsUrl({
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/credentials/abc?x=y',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'https://other.example',
    });
    expect(url).toBe('http://169.254.170.2/v2/credentials/abc?x=y');
  });

  it.each(['@evil.example/', '.evil.example/', ':80@evil.example/', 'x', '/a\nb', '/ä'])(
    'is refused where the relative one is %j',
    (uri) => expect(thrownBy(() => relative(uri))).toBeInstanceOf(ConfigError),
  );

  it.each([
    'https://credentials.example/v1',
    'http://169.254.170.2/v2/credentials/abc',
    'http://169.254.170.23/v1/credentials',
    'http://[fd00:ec2::23]/v1/credentials',
    'http://localhost:8080/x',
    'http://127.0.0.1/x',
    'http://127.8.9.1:1/x',
    'http://[::1]:51679/x',
  ])('may be %s', (uri) => expect(full(uri)).toBe(uri));

  it.each([
    'http://credentials.example/v1',
    'http://169.254.169.254/latest',
    'http://169.254.170.2.evil.example/',
    'http://127.0.0.1.evil.example/',
    'http://169.254.170.2@evil.example/',
    'http://user@127.0.0.1/',
    'http://0.0.0.0/',
    'http://[::ffff:8.8.8.8]/',
    'http://localhost.evil.example/',
    'ftp://127.0.0.1/',
    'file:///etc/passwd',
    '/v1/credentials',
    'http://127.0.0.1/\nx',
    'http://',
  ])('must not be %s', (uri) => {
    const error = thrownBy(() => full(uri));
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toContain('AWS_CONTAINER_CREDENTIALS_FULL_URI: must be a URL of https');
  });
});
