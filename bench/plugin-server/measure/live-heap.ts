import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '../../../dev/stack/eventually.ts';
import type { Probe } from '../stack/bench.ts';

/** What a process must be started with for `liveHeap`. */
export function liveHeapProbe(folder: string): Probe {
  return {
    nodeArgs: ['--require', path.join(import.meta.dirname, 'live-heap.cjs')],
    env: { BENCH_HEAP_FOLDER: folder },
  };
}

/** What is left in the heaps of some processes once garbage has been collected, external memory included, in MiB. */
export async function liveHeap(pids: number[], folder: string): Promise<number> {
  let bytes = 0;
  for (const pid of pids) {
    const file = path.join(folder, String(pid));
    process.kill(pid, 'SIGUSR2');
    await eventually(`process ${pid} to collect garbage`, () => existsSync(file) || undefined);
    bytes += Number(readFileSync(file, 'utf8'));
    rmSync(file);
  }
  return bytes / 2 ** 20;
}
