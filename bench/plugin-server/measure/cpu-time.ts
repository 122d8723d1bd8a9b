import { execFileSync } from 'node:child_process';
import { processStat } from './process-tree.ts';

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** The CPU time that processes have used so far, user and system, in microseconds. */
export function cpuMicroseconds(pids: number[]): number {
  const ticks = pids.reduce((sum, pid) => sum + (processStat(pid)?.cpuTicks ?? 0), 0);
  return (ticks * 1e6) / TICKS_PER_SECOND;
}
