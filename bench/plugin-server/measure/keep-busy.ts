import { createHistogram } from 'node:perf_hooks';

/** How long to go on: for a time, or for a number of operations. */
export type Extent = { seconds: number } | { operations: number };

export interface Pace {
  operations: number;
  per_second: number;
  p50_ms: number;
  p99_ms: number;
  /** How often each outcome was seen. */
  outcomes: Record<string, number>;
}

/** Does one operation and says how it ended. */
type Operate = () => Promise<string | number>;

/**
 * Keeps several lanes busy: each does the next operation as soon as it has done the one before.
 *
 */
export async function keepBusy(lanes: Operate[], extent: Extent): Promise<Pace> {
  const latency = createHistogram();
  const outcomes: Record<string, number> = {};
  const began = performance.now();
  const isOver =
    'seconds' in extent
      ? () => performance.now() - began >= extent.seconds * 1000
      : () => started >= extent.operations;
  let started = 0;

  async function keepLaneBusy(operate: Operate): Promise<void> {
    while (!isOver()) {
      started += 1;
      const start = performance.now();
      const outcome = await operate();
      latency.record(Math.max(1, Math.round((performance.now() - start) * 1000)));
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
  }

  await Promise.all(lanes.map(keepLaneBusy));
  return {
    operations: latency.count,
    per_second: latency.count / ((performance.now() - began) / 1000),
    p50_ms: latency.percentile(50) / 1000,
    p99_ms: latency.percentile(99) / 1000,
    outcomes,
  };
}
