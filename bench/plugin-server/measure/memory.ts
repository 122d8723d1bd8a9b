import { readFileSync } from 'node:fs';

export interface Memory {
  /** Resident pages; those that several processes share are counted for each, in MiB. */
  rss: number;
  /** Resident pages, shared ones divided among those that share them, in MiB. */
  pss: number;
}

/** The memory of a group of processes. */
export function memoryOf(pids: number[]): Memory {
  return {
    rss: sum(pids, (pid) => kilobytes(`/proc/${pid}/status`, 'VmRSS')),
    pss: sum(pids, (pid) => kilobytes(`/proc/${pid}/smaps_rollup`, 'Pss')),
  };
}

function sum(pids: number[], kilobytesOf: (pid: number) => number): number {
  return pids.reduce((total, pid) => total + kilobytesOf(pid), 0) / 1024;
}

function kilobytes(file: string, field: string): number {
  const value = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(file, 'utf8'))?.[1];
  if (value === undefined) throw new Error(`${file} has no ${field}`);
  return Number(value);
}
