import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { readCacheCounters } from '../core/cache-counters.ts';
import type { EndedEvent } from './connection.ts';
import { PHASES } from './phases.ts';

/** As a worker hands them to the primary process, which adds them up. */
export type MetricObjects = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

export interface Metrics {
  eventEnded(event: EndedEvent): void;
  /** @param reason a fixed word, never anything that came over the connection */
  connectionLost(reason: string): void;
  setInstances(countByPlugin: ReadonlyMap<string, number>): void;
  collect(): Promise<MetricObjects>;
}

const SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
];
const CALLS = [0, 1, 2, 3, 5, 8, 13, 21, 34];
const BATCHES = [0, 1, 2, 3, 4, 6, 10];

/**
 * The metrics of one worker process. Looking up labels costs more than counting does, so each combination is looked up
 * once: an event costs about a microsecond.
 */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const perPhase = { labelNames: ['plugin', 'phase'] as const, registers };

  const events = new Counter({
    name: 'cloud_run_auth_events_total',
    help: 'Phases of requests that plugins have run, by outcome',
    labelNames: ['plugin', 'phase', 'outcome'],
    registers,
  });
  const durations = new Histogram({
    name: 'cloud_run_auth_event_duration_seconds',
    help: 'Time from an event to its end, waiting for Kong included',
    buckets: SECONDS,
    ...perPhase,
  });
  const pdkCalls = new Histogram({
    name: 'cloud_run_auth_pdk_calls_per_event',
    help: 'PDK calls that a plugin made in an event',
    buckets: CALLS,
    ...perPhase,
  });
  const batches = new Histogram({
    name: 'cloud_run_auth_batches_per_event',
    help: 'Writes in which the PDK calls of an event travelled to Kong',
    buckets: BATCHES,
    ...perPhase,
  });
  const connectionsLost = new Counter({
    name: 'cloud_run_auth_connections_lost_total',
    help: 'Connections that this side gave up, by reason',
    labelNames: ['reason'],
    registers,
  });
  const instances = new Gauge({
    name: 'cloud_run_auth_instances',
    help: "Kong's instances that are known, by plugin",
    labelNames: ['plugin'],
    // Every worker knows all of them.
    aggregator: 'max',
    registers,
  });
  new Counter({
    name: 'cloud_run_auth_cache_requests_total',
    help: 'Requests to caches, by what they had to offer',
    labelNames: ['cache', 'result'],
    registers,
    collect() {
      this.reset();
      for (const [cache, counts] of readCacheCounters()) {
        for (const [result, count] of Object.entries(counts)) this.inc({ cache, result }, count);
      }
    },
  });
  collectDefaultMetrics({ register: registry });

  const recorders = new Map<string, (event: EndedEvent) => void>();

  function createRecorder({ plugin, outcome }: EndedEvent, phase: string) {
    const count = events.labels(plugin, phase, outcome);
    const duration = durations.labels(plugin, phase);
    const calls = pdkCalls.labels(plugin, phase);
    const writes = batches.labels(plugin, phase);
    return (event: EndedEvent) => {
      count.inc();
      duration.observe(event.seconds);
      calls.observe(event.pdkCalls);
      writes.observe(event.batches);
    };
  }

  return {
    eventEnded(event) {
      // A peer may send any word as the name of an event.
      const phase = PHASES.includes(event.phase) ? event.phase : 'unknown';
      const key = `${event.plugin} ${phase} ${event.outcome}`;
      let record = recorders.get(key);
      if (record === undefined) {
        record = createRecorder(event, phase);
        recorders.set(key, record);
      }
      record(event);
    },
    connectionLost(reason) {
      connectionsLost.inc({ reason });
    },
    setInstances(countByPlugin) {
      instances.reset();
      for (const [plugin, count] of countByPlugin) instances.set({ plugin }, count);
    },
    collect: () => registry.getMetricsAsJSON(),
  };
}
