import { describe, expect, it } from 'vitest';
import { kongEnvironment } from '../../../dev/stack/kong-environment.ts';

const OPTIONS = {
  config: '_format_version: "3.0"',
  port: 8000,
  pluginServers: [{ name: 'oidc-authorizer', socket: '/s', queryCmd: 'cat x' }],
};

describe('kongEnvironment', () => {
  it('says nothing of TLS and trusted addresses unless asked to', () => {
    const { env, files } = kongEnvironment('/p', OPTIONS);
    expect(env).toMatchObject({
      KONG_PROXY_LISTEN: '127.0.0.1:8000',
      KONG_DECLARATIVE_CONFIG: '/p/kong.yml',
      KONG_PLUGINSERVER_OIDC_AUTHORIZER_SOCKET: '/s',
      KONG_PLUGINSERVER_OIDC_AUTHORIZER_QUERY_CMD: 'cat x',
    });
    expect(Object.keys(env).filter((name) => /SSL|TRUSTED/.test(name))).toEqual([]);
    expect([...files]).toEqual([['/p/kong.yml', OPTIONS.config]]);
  });

  it('asks clients of the TLS listener for a certificate, and takes any', () => {
    const tls = { port: 8443, key: 'KEY', cert: 'CERT' };
    const { env, files } = kongEnvironment('/p', { ...OPTIONS, tls });
    expect(env).toMatchObject({
      KONG_PROXY_LISTEN: '127.0.0.1:8000, 127.0.0.1:8443 ssl',
      KONG_NGINX_PROXY_SSL_VERIFY_CLIENT: 'optional_no_ca',
    });
    expect(env).not.toHaveProperty('KONG_NGINX_PROXY_SSL_CLIENT_CERTIFICATE');
    expect(files.get(env.KONG_SSL_CERT ?? '')).toBe('CERT');
    expect(files.get(env.KONG_SSL_CERT_KEY ?? '')).toBe('KEY');
  });

  it('names who vouches for clients', () => {
    const tls = { port: 8443, key: 'KEY', cert: 'CERT', clientCa: 'CA' };
    const { env, files } = kongEnvironment('/p', { ...OPTIONS, tls });
    expect(files.get(env.KONG_NGINX_PROXY_SSL_CLIENT_CERTIFICATE ?? '')).toBe('CA');
  });

  it('lists the trusted addresses', () => {
    const { env } = kongEnvironment('/p', { ...OPTIONS, trustedIps: ['127.0.0.0/8', '::1'] });
    expect(env.KONG_TRUSTED_IPS).toBe('127.0.0.0/8,::1');
  });
});
