import { AggregatorRegistry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { countCacheResult } from '../../src/core/cache-counters.ts';
import { createMetrics, type MetricObjects } from '../../src/plugin-server/metrics.ts';

const EVENT = {
  plugin: 'oidc-authorizer',
  phase: 'access',
  outcome: 'continued',
  seconds: 0.0007,
  pdkCalls: 6,
  batches: 2,
} as const;

/** The lines that Prometheus would read, as a scrape of workers gives them. */
async function scrape(...workers: MetricObjects[]): Promise<string[]> {
  // On its way to the primary process it is JSON.
  const received: MetricObjects[] = JSON.parse(JSON.stringify(workers));
  return (await AggregatorRegistry.aggregate(received).metrics()).split('\n');
}

describe('events', () => {
  it('are counted by plugin, phase and outcome', async () => {
    const metrics = createMetrics();
    metrics.eventEnded(EVENT);
    metrics.eventEnded(EVENT);
    metrics.eventEnded({ ...EVENT, outcome: 'timed_out' });
    const lines = await scrape(await metrics.collect());
    const labels = 'plugin="oidc-authorizer",phase="access"';
    expect(lines).toContain(`cloud_run_auth_events_total{${labels},outcome="continued"} 2`);
    expect(lines).toContain(`cloud_run_auth_events_total{${labels},outcome="timed_out"} 1`);
  });

  it('are measured in time, calls and batches', async () => {
    const metrics = createMetrics();
    metrics.eventEnded(EVENT);
    metrics.eventEnded({ ...EVENT, seconds: 6, pdkCalls: 0, batches: 1 });
    const lines = await scrape(await metrics.collect());
    const labels = 'plugin="oidc-authorizer",phase="access"';
    expect(lines).toEqual(
      expect.arrayContaining([
        `cloud_run_auth_event_duration_seconds_bucket{le="0.0005",${labels}} 0`,
        `cloud_run_auth_event_duration_seconds_bucket{le="0.001",${labels}} 1`,
        `cloud_run_auth_event_duration_seconds_bucket{le="5",${labels}} 1`,
        `cloud_run_auth_event_duration_seconds_bucket{le="+Inf",${labels}} 2`,
        `cloud_run_auth_pdk_calls_per_event_bucket{le="0",${labels}} 1`,
        `cloud_run_auth_pdk_calls_per_event_sum{${labels}} 6`,
        `cloud_run_auth_batches_per_event_bucket{le="1",${labels}} 1`,
        `cloud_run_auth_batches_per_event_sum{${labels}} 3`,
      ]),
    );
  });

  it('never carry a word of the peer’s own choice as a label', async () => {
    const metrics = createMetrics();
    for (let count = 0; count < 100; count += 1) {
      metrics.eventEnded({ ...EVENT, outcome: 'failed', phase: `x${count}` });
    }
    const lines = await scrape(await metrics.collect());
    expect(lines.filter((line) => line.startsWith('cloud_run_auth_events_total{'))).toEqual([
      'cloud_run_auth_events_total{plugin="oidc-authorizer",phase="unknown",outcome="failed"} 100',
    ]);
  });
});

it('adds up what workers counted, but not the instances that all of them know', async () => {
  const workers = [createMetrics(), createMetrics()];
  for (const metrics of workers) {
    metrics.eventEnded(EVENT);
    metrics.connectionLost('protocol');
    metrics.setInstances(new Map([['oidc-authorizer', 3]]));
  }
  const lines = await scrape(...(await Promise.all(workers.map((worker) => worker.collect()))));
  expect(lines).toContain(
    'cloud_run_auth_event_duration_seconds_count{plugin="oidc-authorizer",phase="access"} 2',
  );
  expect(lines).toContain('cloud_run_auth_connections_lost_total{reason="protocol"} 2');
  expect(lines).toContain('cloud_run_auth_instances{plugin="oidc-authorizer"} 3');
});

it('drops the instances of a plugin that has none any more', async () => {
  const metrics = createMetrics();
  metrics.setInstances(new Map([['gone', 3]]));
  metrics.setInstances(new Map([['here', 1]]));
  const lines = await scrape(await metrics.collect());
  expect(lines.filter((line) => line.startsWith('cloud_run_auth_instances{'))).toEqual([
    'cloud_run_auth_instances{plugin="here"} 1',
  ]);
});

it('tells what caches had to offer at the time of the scrape, each time anew', async () => {
  const metrics = createMetrics();
  countCacheResult('a_cache', 'hit');
  await metrics.collect();
  countCacheResult('a_cache', 'hit');
  const lines = await scrape(await metrics.collect());
  expect(lines).toContain('cloud_run_auth_cache_requests_total{cache="a_cache",result="hit"} 2');
  expect(lines).toContain('cloud_run_auth_cache_requests_total{cache="a_cache",result="miss"} 0');
});

it('tells event-loop delay, memory and CPU of the process', async () => {
  const names = (await createMetrics().collect()).map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      'nodejs_eventloop_lag_p99_seconds',
      'process_resident_memory_bytes',
      'nodejs_heap_size_used_bytes',
      'process_cpu_seconds_total',
    ]),
  );
});
