import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { LRUCache } from 'lru-cache';
import { systemClock } from '../core/clock.ts';
import { createLogger } from '../kong/logger.ts';
import { Announcements } from './announcements.ts';
import {
  type InstanceRecord,
  MOST_INSTANCES,
  type PrimaryMessage,
  type WorkerMessage,
} from './messages.ts';
import type { MetricObjects } from './metrics.ts';
import { type OperationsServer, startOperationsServer } from './operations-server.ts';
import type { ServerOptions } from './options.ts';
import { PrimaryState } from './shared-state/primary-state.ts';
import { claimSocketPath } from './socket-file.ts';
import { WorkerProcess } from './worker-process.ts';

/** As far as the kernel allows: net.core.somaxconn caps it. Beyond it, Kong answers 500. */
const BACKLOG = 65_535;
/** Connections that wait for a worker; more, or longer, is refused, which Kong answers with 500 or repeats. */
const MOST_WAITING = 4_096;
const WAIT_MS = 5_000;
const METRICS_WITHIN_MS = 1_000;
/** A worker that lives no longer is replaced more and more slowly. */
const HEALTHY_MS = 10_000;
const MOST_BACK_OFF_MS = 5_000;
const MAX_ID = 2 ** 31 - 1;
const SECRET_BYTES = 32;

export interface RunningServer {
  /** Lets running events end, within the bound, and removes the socket. */
  stop(): Promise<void>;
}

/**
 * Starts the plugin server: this process owns the socket and shares connections among worker processes, which run the
 * plugins. Workers come and go; the socket stays.
 *
 * @param program the file to fork workers from; run with the argument `worker` it calls `runWorker`
 * @throws Error where the socket cannot be had or the plugins do not load
 */
export async function startPrimary(
  options: ServerOptions,
  program = process.argv[1] ?? '',
): Promise<RunningServer> {
  const logger = createLogger();
  await claimSocketPath(options.socket);

  const workers = new Set<WorkerProcess>();
  const instances = new LRUCache<number, InstanceRecord>({ max: MOST_INSTANCES });
  /** Kong hears of an instance when no worker is left that does not know it: it would have it started again. */
  const starting = new Announcements();
  const secret = randomBytes(SECRET_BYTES).toString('base64');
  const state = new PrimaryState(workers, { clock: systemClock });
  const waiting: { socket: Socket; timer: NodeJS.Timeout }[] = [];
  const metricsAsked = new Map<number, (metrics: MetricObjects) => void>();
  // Kong goes on using ids of before a restart; from a random base, none of those is valid any more.
  let lastId = randomInt(1, MAX_ID);
  let lastMetrics = 0;
  /** What each worker said last, for when it is late. */
  const metricsOf = new Map<WorkerProcess, MetricObjects>();
  let turn = 0;
  let earlyDeaths = 0;
  let isStopping = false;
  let settleFirst: ((problem?: string) => void) | undefined;

  function nextId(): number {
    do lastId = lastId === MAX_ID ? 1 : lastId + 1;
    while (instances.has(lastId) || starting.isOpen(lastId));
    return lastId;
  }

  function startWorker(): void {
    const worker = new WorkerProcess(
      program,
      {
        type: 'options',
        options: {
          pluginsDirectory: options.pluginsDirectory,
          eventTimeoutMs: options.eventTimeoutMs,
          maxFrameBytes: options.maxFrameBytes,
          drainTimeoutMs: options.drainTimeoutMs,
          hasMetrics: options.metrics !== undefined,
          warm: options.warm,
        },
        secret,
      },
      { onMessage, onExit },
    );
    workers.add(worker);
  }

  function onMessage(worker: WorkerProcess, message: WorkerMessage): void {
    switch (message.type) {
      case 'loaded':
        for (const id of instances.rkeys()) {
          const record = instances.peek(id);
          if (record !== undefined) worker.send({ type: 'instance', ...record });
        }
        state.catchUp(worker);
        worker.send({ type: 'catch_up' });
        worker.isLoaded = true;
        return;
      case 'caught_up':
        worker.isReady = true;
        for (const { socket, timer } of waiting.splice(0)) {
          clearTimeout(timer);
          worker.give(socket);
        }
        logger.info({ worker: worker.pid }, 'a worker is ready');
        settleFirst?.();
        return;
      case 'not_loaded':
        if (settleFirst) settleFirst(message.problem);
        else logger.error({ worker: worker.pid, problem: message.problem }, 'plugins do not load');
        worker.kill();
        return;
      case 'start_instance':
        startInstance(worker, message);
        return;
      case 'instance_known':
        starting.known(message.id, worker);
        return;
      case 'close_instance':
        instances.delete(message.id);
        tellLoaded({ type: 'instance_closed', id: message.id });
        return;
      case 'claim':
      case 'publish':
      case 'entries_known':
        state.onMessage(worker, message);
        return;
      case 'metrics':
        metricsAsked.get(message.request)?.(message.metrics);
        return;
      case 'alive':
    }
  }

  function startInstance(
    worker: WorkerProcess,
    { request, plugin, config }: Extract<WorkerMessage, { type: 'start_instance' }>,
  ): void {
    const record: InstanceRecord = { id: nextId(), plugin, config };
    const { id } = record;
    instances.set(id, record);
    // Those that are still catching up learn it before they are given a connection, and are not waited for.
    for (const each of workers) {
      if (!each.isLoaded) continue;
      each.send({ type: 'instance', ...record, ...(each === worker ? { request } : {}) });
    }
    starting.begin(id, readyWorkers(), () =>
      worker.send({ type: 'instance_started', request, id }),
    );
  }

  function readyWorkers(): WorkerProcess[] {
    return [...workers].filter(({ isReady }) => isReady);
  }

  function tellLoaded(message: PrimaryMessage): void {
    for (const worker of workers) if (worker.isLoaded) worker.send(message);
  }

  function onExit(worker: WorkerProcess, how: string): void {
    workers.delete(worker);
    metricsOf.delete(worker);
    // At the start one that ends is not replaced: it would end again.
    settleFirst?.(`a worker ended while it loaded the plugins: ${how}`);
    starting.ended(worker);
    state.ended(worker);
    if (isStopping) return;
    const isEarly = performance.now() - worker.startedAt < HEALTHY_MS;
    earlyDeaths = isEarly ? earlyDeaths + 1 : 0;
    const pauseMs = isEarly ? Math.min(MOST_BACK_OFF_MS, 50 * 2 ** earlyDeaths) : 0;
    logger.error({ worker: worker.pid, how, restart_ms: pauseMs }, 'a worker ended');
    setTimeout(() => {
      if (!isStopping) startWorker();
    }, pauseMs);
  }

  function share(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    const ready = readyWorkers();
    turn += 1;
    const worker = ready[turn % ready.length];
    if (worker !== undefined) {
      worker.give(socket);
      return;
    }
    if (waiting.length >= MOST_WAITING) {
      socket.destroy();
      return;
    }
    const entry = {
      socket,
      timer: setTimeout(() => {
        waiting.splice(waiting.indexOf(entry), 1);
        socket.destroy();
      }, WAIT_MS),
    };
    waiting.push(entry);
  }

  function collectMetrics(): Promise<MetricObjects[]> {
    return Promise.all(readyWorkers().map(askMetrics)).then((all) =>
      all.filter((metrics): metrics is MetricObjects => metrics !== undefined),
    );
  }

  function askMetrics(worker: WorkerProcess): Promise<MetricObjects | undefined> {
    lastMetrics += 1;
    const request = lastMetrics;
    return new Promise<MetricObjects | undefined>((resolve) => {
      const timer = setTimeout(() => resolve(metricsOf.get(worker)), METRICS_WITHIN_MS);
      metricsAsked.set(request, (metrics) => {
        clearTimeout(timer);
        metricsOf.set(worker, metrics);
        resolve(metrics);
      });
      worker.send({ type: 'metrics', request });
    }).finally(() => metricsAsked.delete(request));
  }

  async function stopWorkers(): Promise<void> {
    isStopping = true;
    for (const { socket, timer } of waiting.splice(0)) {
      clearTimeout(timer);
      socket.destroy();
    }
    for (const worker of workers) worker.send({ type: 'drain' });
    const deadline = performance.now() + options.drainTimeoutMs + 1_000;
    while (workers.size > 0) {
      if (performance.now() > deadline) for (const worker of workers) worker.kill();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  const firstReady = new Promise<void>((resolve, reject) => {
    settleFirst = (problem) => {
      settleFirst = undefined;
      if (problem === undefined) resolve();
      else reject(new Error(problem));
    };
  });
  for (let count = 0; count < options.workers; count += 1) startWorker();
  let operations: OperationsServer | undefined;
  let server: Server;
  try {
    await firstReady;
    operations =
      options.metrics &&
      (await startOperationsServer(options.metrics, {
        collect: collectMetrics,
        isReady: () => !isStopping && readyWorkers().length > 0,
      }));
    server = await listen(options, share);
  } catch (error) {
    await operations?.stop();
    await stopWorkers();
    throw error;
  }
  logger.info(
    { socket: options.socket, workers: options.workers, metrics_port: operations?.port },
    'the plugin server listens',
  );

  return {
    async stop() {
      // This removes the socket too.
      server.close();
      await stopWorkers();
      await operations?.stop();
    },
  };
}

/** The socket has its mode from the first moment: whoever may not connect never could. */
async function listen(options: ServerOptions, share: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ pauseOnConnect: true }, share);
  const umask = process.umask(0o777 & ~options.socketMode);
  try {
    server.listen({ path: options.socket, backlog: BACKLOG });
  } finally {
    process.umask(umask);
  }
  await once(server, 'listening');
  return server;
}
