import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isIP } from 'node:net';
import { loadConfig } from './config/load-config.ts';
import { createServer, type ServerTls } from './http/create-server.ts';
import type { GatewayState, LogLevel } from './http/gateway-state.ts';
import { type Handling, handleRequest } from './http/handle-request.ts';
import { UpstreamAgents } from './http/proxy.ts';
import { TrustedIps } from './http/trusted-ips.ts';
import { newNodeId } from './pdk/nginx.ts';
import { type PluginInfo, queryPlugin } from './plugin-info.ts';
import type { PluginServerEntry } from './plugin-server-entry.ts';
import { Plugins } from './plugins.ts';
import { createRpc } from './protocol/create-rpc.ts';
import { Instances } from './protocol/instances.ts';
import { KONG_POOL, SocketPool } from './protocol/socket-pool.ts';
import { Router } from './router/router.ts';
import { resolveFromEnvironment } from './schema/reference.ts';

export interface GatewayOptions {
  /** The text of a `kong.yml` with `_format_version: "3.0"`. */
  config: string;
  /** Its name in error messages; `kong.yml` when left out. */
  configName?: string;
  /** One entry a plugin. */
  pluginServers: PluginServerEntry[];
  /** Default 127.0.0.1. Only loopback addresses are taken. */
  host?: string;
  /** Default 0: any free port. */
  port?: number;
  /** A second listener, for TLS; its port is any free one when left out. */
  tls?: (ServerTls & { port?: number }) | undefined;
  /** Whose `X-Forwarded-…` and `X-Real-IP` headers count (`trusted_ips`): addresses and CIDR blocks. */
  trustedIps?: readonly string[] | undefined;
  /** Gets what `kong.log.serialize()` gives to log plugins, once for each request. */
  accessLog?: (entry: Record<string, unknown>) => void;
  /** Gets the lines of Kong's error log from `notice` up; standard error when left out. */
  log?: (line: string) => void;
  /** How long a plugin server may stay silent (`lua_socket_read_timeout`); default 60 s, as in Kong. */
  pluginServerTimeoutMs?: number;
  /** Where `{vault://env/…}` is looked up; the process's environment when left out. */
  environment?: Record<string, string | undefined>;
}

export interface Gateway {
  url: string;
  port: number;
  /** Of the TLS listener; undefined without one. */
  tlsUrl?: string | undefined;
  /** Closes all connections; nothing of the gateway is left. */
  stop(): Promise<void>;
}

const RUN_PHASES = ['rewrite', 'access', 'log'];

/** How long `stop` waits for log events that are still under way. */
const STOP_GRACE_MS = 2000;

/**
 * Starts a gateway that behaves as Kong 3.9 does in what matters to plugins. For development and
 * test only.
 *
 * @throws ConfigError for a faulty configuration, Error for a plugin server that cannot be queried or
 *   an address that is not loopback
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const host = loopback(options.host ?? '127.0.0.1');
  const log = options.log ?? ((line: string) => process.stderr.write(`${line}\n`));
  const trustedIps = new TrustedIps(options.trustedIps ?? []);
  const resolveReference = resolveFromEnvironment(options.environment ?? process.env);
  const infos = new Map<string, PluginInfo>();
  for (const info of await Promise.all(options.pluginServers.map(queryPlugin))) {
    infos.set(info.name, info);
  }
  const write = (level: LogLevel, message: string) => {
    if (level !== 'debug' && level !== 'info') log(`[${level}] ${message}`);
  };
  const config = loadConfig(options.config, {
    fileName: options.configName ?? 'kong.yml',
    plugins: infos,
    now: Date.now(),
    resolve: resolveReference,
    onUnresolved: (reference) => write('warn', `unable to resolve reference ${reference}`),
  });
  for (const warning of config.warnings) write('warn', warning);
  for (const { name, phases } of infos.values()) {
    const skipped = phases.filter((phase) => !RUN_PHASES.includes(phase));
    if (skipped.length > 0) {
      write('warn', `[${name}] the development gateway does not run ${skipped.join(', ')}`);
    }
  }

  let isStopped = false;
  const timeoutMs = options.pluginServerTimeoutMs ?? KONG_POOL.timeoutMs;
  const pools = new Map<string, SocketPool>();
  const instances = new Instances();
  const rpcs = new Map(
    [...infos.values()].map((info) => {
      const pool =
        pools.get(info.socket) ?? new SocketPool(info.socket, { ...KONG_POOL, timeoutMs });
      pools.set(info.socket, pool);
      return [info.name, createRpc(info, pool, instances, () => isStopped)];
    }),
  );
  const gateway: GatewayState = {
    nodeId: newNodeId(),
    consumers: config.consumers,
    resolveReference,
    trustedIps,
    log: write,
  };
  const agents = new UpstreamAgents();
  const tasks = new Set<Promise<void>>();
  const handling: Handling = {
    gateway,
    router: new Router(config.routes),
    plugins: new Plugins(config.plugins, rpcs),
    agents,
    accessLog: options.accessLog,
  };
  const handle = (message: IncomingMessage, response: ServerResponse) => {
    const task = handleRequest(message, response, handling)
      .catch((error: unknown) => {
        write('crit', error instanceof Error ? (error.stack ?? error.message) : String(error));
        response.destroy();
      })
      .finally(() => tasks.delete(task));
    tasks.add(task);
  };
  const server = createServer(handle);
  const tlsServer = options.tls && createServer(handle, options.tls);
  const port = await listen(server, host, options.port ?? 0);
  const tlsPort =
    tlsServer &&
    (await listen(tlsServer, host, options.tls?.port ?? 0).catch(async (error: unknown) => {
      await close(server);
      throw error;
    }));
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    isStopped = true;
    instances.stop();
    await Promise.all([close(server), tlsServer && close(tlsServer)]);
    agents.close();
    await settled(tasks, STOP_GRACE_MS);
    for (const pool of pools.values()) pool.close();
    await settled(tasks, STOP_GRACE_MS);
  };
  const hostname = isIP(host) === 6 ? `[${host}]` : host;
  return {
    url: `http://${hostname}:${port}`,
    port,
    tlsUrl: tlsPort === undefined ? undefined : `https://${hostname}:${tlsPort}`,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

function loopback(host: string): string {
  const isLoopback =
    host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
  if (isLoopback) return host === 'localhost' ? '127.0.0.1' : host;
  throw new Error(
    `the development gateway listens on loopback only (127.0.0.1 or ::1), not on '${host}'`,
  );
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address: AddressInfo | string | null = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

async function settled(tasks: Set<Promise<void>>, mostMs: number): Promise<void> {
  if (tasks.size === 0) return;
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, mostMs);
  });
  await Promise.race([Promise.allSettled([...tasks]), limit]);
  clearTimeout(timer);
}
