import path from 'node:path';
import type { GatewayOptions } from '../gateway/start-gateway.ts';

/** Files that Kong reads, by their paths, and what is in them. */
export type KongFiles = ReadonlyMap<string, string>;

/** How a real Kong is told, by its environment, what the dev gateway is told in its options. */
export function kongEnvironment(
  prefix: string,
  { config, port, tls, trustedIps, pluginServers }: GatewayOptions,
): { env: Record<string, string>; files: KongFiles } {
  const declarative = path.join(prefix, 'kong.yml');
  const listen = [`127.0.0.1:${port}`, ...(tls === undefined ? [] : [`127.0.0.1:${tls.port} ssl`])];
  const { env: tlsEnv, files: tlsFiles } = tlsEnvironment(prefix, tls);
  const env: Record<string, string> = {
    KONG_PREFIX: prefix,
    KONG_DATABASE: 'off',
    KONG_DECLARATIVE_CONFIG: declarative,
    KONG_PROXY_LISTEN: listen.join(', '),
    KONG_ADMIN_LISTEN: 'off',
    KONG_ADMIN_GUI_LISTEN: 'off',
    KONG_STATUS_LISTEN: 'off',
    KONG_ANONYMOUS_REPORTS: 'off',
    KONG_NGINX_WORKER_PROCESSES: '1',
    KONG_LOG_LEVEL: 'notice',
    KONG_PLUGINS: ['bundled', ...pluginServers.map(({ name }) => name)].join(','),
    KONG_PLUGINSERVER_NAMES: pluginServers.map(({ name }) => name).join(','),
    ...tlsEnv,
  };
  if (trustedIps !== undefined) env.KONG_TRUSTED_IPS = trustedIps.join(',');
  for (const { name, socket, queryCmd } of pluginServers) {
    const variable = `KONG_PLUGINSERVER_${name.toUpperCase().replaceAll('-', '_')}`;
    env[`${variable}_SOCKET`] = socket;
    env[`${variable}_QUERY_CMD`] = queryCmd;
  }
  return { env, files: new Map([[declarative, config], ...tlsFiles]) };
}

function tlsEnvironment(
  prefix: string,
  tls: GatewayOptions['tls'],
): { env: Record<string, string>; files: KongFiles } {
  if (tls === undefined) return { env: {}, files: new Map() };
  const files = new Map<string, string>();
  const fileWith = (name: string, pem: string) => {
    const file = path.join(prefix, name);
    files.set(file, pem);
    return file;
  };
  const env = {
    KONG_SSL_CERT: fileWith('listener-cert.pem', tls.cert),
    KONG_SSL_CERT_KEY: fileWith('listener-key.pem', tls.key),
    KONG_NGINX_PROXY_SSL_VERIFY_CLIENT: 'optional_no_ca',
    ...(tls.clientCa !== undefined && {
      KONG_NGINX_PROXY_SSL_CLIENT_CERTIFICATE: fileWith('client-ca.pem', tls.clientCa),
    }),
  };
  return { env, files };
}
