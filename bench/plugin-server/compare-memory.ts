import type { PluginServerKind } from '../../dev/stack/plugin-server.ts';
import { sendRequests } from './compare-speed.ts';
import { liveHeap, liveHeapProbe } from './measure/live-heap.ts';
import { type Memory, memoryOf } from './measure/memory.ts';
import type { GatewayKind } from './options.ts';
import { type Bench, type Subject, startSubject } from './stack/bench.ts';
import { PLUGIN_SERVERS } from './stack/plugin-server-kinds.ts';

export interface MemorySample {
  gateway: GatewayKind;
  pluginServer: PluginServerKind;
  /** Memory by the refusals so far; those before the first look are not counted. */
  series: ({ refusals: number } & Memory)[];
  /** Difference between last and first look, in MiB for each 100,000 refusals. */
  growth: Memory;
  /** The same by least squares over all looks, which the garbage collector's ups and downs disturb less. */
  trend: Memory;
  /** What garbage collection left at the first look and at the last, in MiB. */
  heap: [before: number, after: number];
}

/** Until the heap has the size that the load asks for. */
const WARM_UP_REFUSALS = 30_000;
const LOOKS = 10;

/** Looks at the memory of each plugin server while it refuses one request after another. */
export async function compareMemory(bench: Bench, gateway: GatewayKind): Promise<MemorySample[]> {
  const samples: MemorySample[] = [];
  for (const pluginServer of PLUGIN_SERVERS) {
    const probe = liveHeapProbe(bench.directory);
    const subject = await startSubject(bench, gateway, pluginServer, probe);
    const watched = await watchMemory(bench, subject, (refusals) =>
      bench.onProgress(`${gateway}, memory: ${pluginServer}, ${refusals} refusals`),
    );
    await subject.stop();
    samples.push({ gateway, pluginServer, ...watched });
  }
  return samples;
}

async function watchMemory(
  bench: Bench,
  subject: Subject,
  onLook: (refusals: number) => void,
): Promise<Omit<MemorySample, 'gateway' | 'pluginServer'>> {
  await sendRequests(bench, subject, 'refusal', { operations: WARM_UP_REFUSALS });
  const pids = subject.pluginServer.pids();
  const first = { refusals: 0, ...memoryOf(pids) };
  // Only after the first look and after the last: collecting at each would hide what the servers do by themselves.
  const heapBefore = await liveHeap(pids, bench.directory);
  let last = first;
  const series = [first];
  for (let step = 0; step < LOOKS; step += 1) {
    const operations = Math.ceil(bench.options.refusals / LOOKS);
    const sent = await sendRequests(bench, subject, 'refusal', { operations });
    last = { refusals: last.refusals + sent.operations, ...memoryOf(pids) };
    series.push(last);
    onLook(last.refusals);
  }
  return {
    series,
    growth: slope([first, last]),
    trend: slope(series),
    heap: [heapBefore, await liveHeap(pids, bench.directory)],
  };
}

function slope(series: MemorySample['series']): Memory {
  const x = series.map(({ refusals }) => refusals / 100_000);
  return {
    rss: leastSquares(
      x,
      series.map(({ rss }) => rss),
    ),
    pss: leastSquares(
      x,
      series.map(({ pss }) => pss),
    ),
  };
}

function leastSquares(x: number[], y: number[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  const distances = x.map((value) => value - meanX);
  const covariance = distances.reduce((sum, d, i) => sum + d * ((y[i] ?? 0) - meanY), 0);
  return covariance / distances.reduce((sum, d) => sum + d * d, 0);
}
