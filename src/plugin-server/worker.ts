import type { Socket } from 'node:net';
import { LRUCache } from 'lru-cache';
import { systemClock } from '../core/clock.ts';
import { Malfunction } from '../core/malfunction.ts';
import { offerSharedState } from '../core/shared-state-host.ts';
import { describeError } from '../kong/describe-error.ts';
import { createLogger } from '../kong/logger.ts';
import { createRateLimit } from '../kong/rate-limit.ts';
import { Connection, type ConnectionHost } from './connection.ts';
import { type LoadedPlugin, loadPlugins } from './load-plugins.ts';
import {
  type InstanceRecord,
  MOST_INSTANCES,
  type PrimaryMessage,
  type WorkerMessage,
  type WorkerOptions,
} from './messages.ts';
import { createMetrics } from './metrics.ts';
import { protoBufInfo } from './plugin-info.ts';
import type { PluginInstance } from './plugin-instance.ts';
import type { PrimaryChannel } from './shared-state/questions.ts';
import { WorkerState } from './shared-state/worker-state.ts';

const REPORT_PERIOD_MS = 10_000;

/**
 * A worker process of the plugin server: it runs plugins on the connections that the primary process hands it.
 * It ends with the primary process, so that no connection is served that nobody watches over.
 */
export async function runWorker(): Promise<void> {
  const logger = createLogger();
  surviveThrows(logger);
  process.on('disconnect', () => process.exit(1));
  // The primary process says when to end; a signal to the whole group must not cut events off.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

  const { options, secret } = await firstMessage();
  const state = new WorkerState(primary, systemClock);
  offerSharedState({ state, secret: Buffer.from(secret, 'base64') });
  let plugins: Map<string, LoadedPlugin>;
  try {
    plugins = await loadPlugins(options.pluginsDirectory);
  } catch (error) {
    tell({ type: 'not_loaded', problem: error instanceof Error ? error.message : String(error) });
    return;
  }
  serve(options, plugins, state, logger);
  // Read before there are connections: parsing a large file would hold their requests up.
  const warm = await prepareToWarm(options.warm, plugins, logger);
  tell({ type: 'loaded' });
  await warm();
}

async function prepareToWarm(
  file: string | undefined,
  plugins: Map<string, LoadedPlugin>,
  logger: ReturnType<typeof createLogger>,
): Promise<() => Promise<void>> {
  if (file === undefined) return async () => {};
  // Whoever does without it need not load a YAML parser.
  const { readWarmRoutes, warmPlugins } = await import('./warm-plugins.ts');
  const routes = readWarmRoutes(file, logger);
  return () => warmPlugins(routes, plugins, logger);
}

function serve(
  options: WorkerOptions,
  plugins: Map<string, LoadedPlugin>,
  state: WorkerState,
  logger: ReturnType<typeof createLogger>,
): void {
  const metrics = options.hasMetrics ? createMetrics() : undefined;
  const instances = new LRUCache<number, PluginInstance>({ max: MOST_INSTANCES });
  const connections = new Set<Connection>();
  const starting = new Map<number, { instance: PluginInstance; started: (id: number) => void }>();
  const reportDue = createRateLimit(REPORT_PERIOD_MS);
  const alertDue = createRateLimit(REPORT_PERIOD_MS);
  let lastRequest = 0;
  let isDraining = false;

  function report(fields: Record<string, unknown>, message: string): void {
    if (!reportDue(JSON.stringify(fields))) return;
    try {
      logger.error(fields, message);
    } catch {}
  }

  function create(plugin: string, config: string): PluginInstance {
    const loaded = plugins.get(plugin);
    if (loaded === undefined) throw new Malfunction(`there is no plugin "${plugin}" here`);
    const parsed: unknown = JSON.parse(config);
    const object = new loaded.Plugin(parsed);
    return { plugin, config: parsed, startedAt: Math.floor(Date.now() / 1000), object };
  }

  /** Where a plugin takes a configuration in one worker and not in this, its requests are refused here. */
  function createOrRefuse(plugin: string, config: string): PluginInstance {
    try {
      return create(plugin, config);
    } catch (error) {
      report(
        { plugin, error: describeError(error) },
        'the plugin did not take a configuration; its requests are answered with 500',
      );
      return { plugin, config: null, startedAt: Math.floor(Date.now() / 1000), object: {} };
    }
  }

  function learn({ id, plugin, config }: InstanceRecord, request: number | undefined): void {
    const own = request === undefined ? undefined : starting.get(request)?.instance;
    instances.set(id, own ?? createOrRefuse(plugin, config));
  }

  const host: ConnectionHost = {
    eventTimeoutMs: options.eventTimeoutMs,
    maxFrameBytes: options.maxFrameBytes,
    describePlugins: () =>
      [...plugins.values()].map((plugin) => ({ name: plugin.name, info: protoBufInfo(plugin) })),
    async startInstance(plugin, config) {
      // No other worker hears of a configuration that the plugin does not take.
      const instance = create(plugin, config);
      lastRequest += 1;
      const request = lastRequest;
      return await new Promise<number>((started) => {
        starting.set(request, { instance, started });
        tell({ type: 'start_instance', request, plugin, config });
      });
    },
    findInstance: (id) => instances.get(id),
    closeInstance: (id) => tell({ type: 'close_instance', id }),
    alertDue: (plugin) => alertDue(plugin),
    onFailure(plugin, phase, error) {
      report(
        { plugin, phase, error: describeError(error) },
        'the plugin failed and its request was refused; told again after 10 s at the earliest',
      );
    },
    onEventEnd: (event) => {
      metrics?.eventEnded(event);
    },
    onIdle(connection) {
      if (isDraining) connection.end();
    },
    onConnectionLost(reason, error) {
      metrics?.connectionLost(reason);
      const described = error === undefined ? {} : { error: describeError(error) };
      report({ reason, ...described }, 'gave up a connection');
    },
  };

  function serveConnection(socket: Socket): void {
    const connection = new Connection(socket, host);
    connections.add(connection);
    socket.on('close', () => {
      connections.delete(connection);
      if (isDraining && connections.size === 0) process.exit(0);
    });
    socket.resume();
  }

  function drain(): void {
    isDraining = true;
    if (connections.size === 0) process.exit(0);
    for (const connection of connections) if (!connection.isBusy) connection.end();
    setTimeout(() => process.exit(0), options.drainTimeoutMs);
  }

  async function tellMetrics(request: number): Promise<void> {
    if (metrics === undefined) return;
    const counts = new Map<string, number>();
    for (const { plugin } of instances.values()) {
      counts.set(plugin, (counts.get(plugin) ?? 0) + 1);
    }
    metrics.setInstances(counts);
    tell({ type: 'metrics', request, metrics: await metrics.collect() });
  }

  process.on('message', (message: PrimaryMessage, socket: Socket | undefined) => {
    switch (message.type) {
      case 'instance':
        learn(message, message.request);
        tell({ type: 'instance_known', id: message.id });
        return;
      case 'instance_started':
        starting.get(message.request)?.started(message.id);
        starting.delete(message.request);
        return;
      case 'catch_up':
        state.caughtUp();
        tell({ type: 'caught_up' });
        return;
      case 'claimed':
      case 'published':
      case 'entries':
        state.onMessage(message);
        return;
      case 'instance_closed':
        instances.delete(message.id);
        return;
      case 'connection':
        // Without a handle, Kong has closed it on the way here.
        if (socket === undefined) return;
        if (isDraining) socket.destroy();
        else serveConnection(socket);
        return;
      case 'metrics':
        tellMetrics(message.request).catch((error) =>
          report({ error: describeError(error) }, 'could not collect metrics'),
        );
        return;
      case 'are_you_alive':
        tell({ type: 'alive' });
        return;
      case 'drain':
        drain();
    }
  });
}

function tell(message: WorkerMessage): void {
  // The primary process may be gone; then this process ends with the event for that.
  process.send?.(message, () => {});
}

const primary: PrimaryChannel = {
  get isOpen() {
    return process.connected;
  },
  tell,
};

function firstMessage(): Promise<Extract<PrimaryMessage, { type: 'options' }>> {
  return new Promise((resolve) => {
    process.once('message', (message: PrimaryMessage) => {
      if (message.type === 'options') resolve(message);
    });
  });
}

/** A throw outside of an event, in a timer say, belongs to one plugin; requests of the others go on. */
function surviveThrows(logger: ReturnType<typeof createLogger>): void {
  const due = createRateLimit(REPORT_PERIOD_MS);
  const survive = (what: string) => (error: unknown) => {
    const described = describeError(error);
    if (!due(JSON.stringify(described))) return;
    try {
      logger.error({ error: described }, what);
    } catch {}
  };
  process.on('uncaughtException', survive('a plugin threw outside of an event'));
  process.on('unhandledRejection', survive('a plugin left a rejected promise unhandled'));
}
