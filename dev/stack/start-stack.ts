import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { clockEnvironment, createClock, type DevClock } from '../clock/clock.ts';
import { type CloudRun, startCloudRun } from '../cloud-run/start-cloud-run.ts';
import { type Gateway, startGateway } from '../gateway/start-gateway.ts';
import { type Google, type GoogleOptions, startGoogle } from '../google/start-google.ts';
import {
  type IdentityProvider,
  startIdentityProvider,
} from '../identity-provider/start-identity-provider.ts';
import { selfSignedCertificate } from '../tls/self-signed-certificate.ts';
import type { PluginServer, PluginServerKind } from './plugin-server.ts';
import {
  DEFAULT_PORTS,
  DEFAULT_PORTS_WITH_TLS,
  findPorts,
  type Ports,
  renderConfig,
} from './ports.ts';
import { shellQuote } from './shell-quote.ts';
import { startKong } from './start-kong.ts';
import { startPluginServer } from './start-plugin-server.ts';

export const REPOSITORY = path.resolve(import.meta.dirname, '../..');
export const PLUGINS = ['oidc-authorizer', 'policy-evaluator', 'cloud-run-token'] as const;

export const STAGING_AUDIENCE = 'https://tasks-staging-123456789012.europe-west3.run.app';
export const PRODUCTION_AUDIENCE = 'https://tasks-production-123456789012.europe-west3.run.app';

/** What Google knows of the two services, for whoever asks its APIs about them. */
const SERVICES = ['tasks-staging', 'tasks-production'].map((name) => ({
  name: `projects/demo-project/locations/europe-west3/services/${name}`,
  invokers: ['gateway@demo-project.iam.gserviceaccount.com'],
}));

const PLUGIN_INFO: Record<PluginServerKind, string> = {
  ours: path.join(REPOSITORY, 'dist/plugin-info'),
  stock: path.join(REPOSITORY, 'dist/plugin-info/stock'),
};

export interface StackOptions {
  /** A kong.yml written for the default ports; the repository's own by default. */
  config?: string;
  /** Use the ports that kong.yml names where they are free. */
  preferDefaultPorts?: boolean;
  /** A TLS listener besides, which asks clients for a certificate and takes any; kong.yml may name its port, 8443. */
  tls?: boolean;
  /** Whose `X-Forwarded-…` headers count; nobody's by default. */
  trustedIps?: readonly string[];
  /** A clock that this process follows already, for a story on a certain day. */
  clock?: DevClock;
  /** A real Kong in place of the dev gateway. */
  kongBin?: string | undefined;
  /** What runs the plugins; ours by default. */
  pluginServer?: PluginServerKind;
  /** Worker processes of our plugin server; 2 by default. */
  workers?: number;
  /** For our plugin server; its own default where it is left out. */
  eventTimeoutMs?: number;
  /** More options of `serve`, for our plugin server. */
  serveOptions?: readonly string[];
  env?: NodeJS.ProcessEnv;
  /** Accounts beside the gateway's, and whatever else Google knows. */
  google?: GoogleOptions;
  /** Stops what has been started and rejects with its reason. Without effect once the stack is up. */
  signal?: AbortSignal;
  onPorts?: (ports: Ports) => void;
  onProgress?: (what: string) => void;
  onLog?: (line: string) => void;
}

export interface Stack {
  ports: Ports;
  clock: DevClock;
  /** With `tlsUrl`, where that has been asked for. */
  gateway: Gateway;
  /** PEM: what clients of `gateway.tlsUrl` have to trust. */
  tlsCertificate: string | undefined;
  /** The one that runs now. */
  readonly identityProvider: IdentityProvider;
  google: Google;
  staging: CloudRun;
  production: CloudRun;
  pluginServer: PluginServer;
  /** What the gateway gave to its log plugins; empty with a real Kong. */
  accessLog: Record<string, unknown>[];
  /** Starts it again at the same address, with new keys. */
  restartIdentityProvider(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts the whole chain on loopback: identity provider, Google, two Cloud Run services, the plugin server with the
 * built plugins, and the gateway with a kong.yml. What was started is stopped again where a later part fails.
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { pluginServer: kind = 'ours', onProgress = () => {}, onLog = () => {} } = options;
  const stops: (() => Promise<void>)[] = [];
  async function stop(): Promise<void> {
    const failures: unknown[] = [];
    // One part that does not stop must not keep the others running.
    for (const stopPart of stops.splice(0).reverse()) {
      await stopPart().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }
  async function started<T extends { stop(): Promise<void> }>(what: string, part: Promise<T>) {
    const running = await part;
    stops.push(() => running.stop());
    options.signal?.throwIfAborted();
    onProgress(what);
    return running;
  }

  try {
    const directory = await mkdtemp(path.join(tmpdir(), 'stack-'));
    stops.push(() => rm(directory, { recursive: true, force: true }));
    const ports = await findPorts(
      options.preferDefaultPorts ?? false,
      options.tls ? DEFAULT_PORTS_WITH_TLS : DEFAULT_PORTS,
    );
    options.onPorts?.(ports);
    const clock = options.clock ?? createClock(path.join(directory, 'clock'));

    let identityProvider = await startIdentityProvider({ port: ports.identityProvider });
    stops.push(() => identityProvider.stop());
    options.signal?.throwIfAborted();
    onProgress('identity provider');
    const google = await started(
      'Google stand-in',
      startGoogle({ cloudRunServices: SERVICES, ...options.google, port: ports.google }),
    );
    const [staging, production] = [
      await started('Cloud Run: tasks-staging', startTasks('staging', ports, google)),
      await started('Cloud Run: tasks-production', startTasks('production', ports, google)),
    ];
    const pluginServer = await started(
      `plugin server (${kind === 'ours' ? 'cloud-run-auth serve' : 'stock kong-js-pluginserver'})`,
      startPluginServer(kind, {
        repository: REPOSITORY,
        socket: path.join(directory, 'plugins.sock'),
        workers: options.workers,
        eventTimeoutMs: options.eventTimeoutMs,
        serveOptions: options.serveOptions,
        env: {
          ...process.env,
          ...clockEnvironment(clock.file),
          GCE_METADATA_HOST: google.metadataHost,
          CLOUD_RUN_API_ENDPOINT: google.url,
          CLOUD_IDENTITY_ENDPOINT: google.url,
          IAM_CREDENTIALS_ENDPOINT: google.url,
          STS_ENDPOINT: google.url,
          ...options.env,
        },
      }),
    );

    const accessLog: Record<string, unknown>[] = [];
    const config = options.config ?? (await readFile(path.join(REPOSITORY, 'kong.yml'), 'utf8'));
    const listener = options.tls
      ? selfSignedCertificate({ commonName: 'gateway', names: ['127.0.0.1', 'localhost'] })
      : undefined;
    const gatewayOptions = {
      config: renderConfig(config, ports),
      port: ports.gateway,
      tls: listener && { ...listener, port: ports.gatewayTls ?? 0 },
      trustedIps: options.trustedIps,
      pluginServers: PLUGINS.map((name) => ({
        name,
        socket: pluginServer.socket,
        queryCmd: `cat ${shellQuote(path.join(PLUGIN_INFO[kind], `${name}.json`))}`,
      })),
      accessLog: (entry: Record<string, unknown>) => accessLog.push(entry),
      log: onLog,
    };
    const gateway = options.kongBin
      ? await started('Kong', startKong(options.kongBin, gatewayOptions))
      : await started('gateway (stand-in for Kong)', startGateway(gatewayOptions));

    async function restartIdentityProvider(): Promise<void> {
      await identityProvider.stop();
      identityProvider = await startIdentityProvider({ port: ports.identityProvider });
    }
    return {
      ...{ ports, clock, gateway, google, staging, production, pluginServer, accessLog },
      tlsCertificate: listener?.cert,
      get identityProvider() {
        return identityProvider;
      },
      restartIdentityProvider,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startTasks(environment: 'staging' | 'production', ports: Ports, google: Google) {
  const staging = environment === 'staging';
  return startCloudRun({
    service: `tasks-${environment}`,
    port: staging ? ports.tasksStaging : ports.tasksProduction,
    audiences: [staging ? STAGING_AUDIENCE : PRODUCTION_AUDIENCE],
    certsUrl: google.certsUrl,
    invokers: [google.defaultServiceAccount],
  });
}
