import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessStat {
  pid: number;
  parent: number;
  /** Its own and that of children it has waited for, in clock ticks. */
  cpuTicks: number;
}

/** What /proc/<pid>/stat says, or undefined for a process that is gone (proc_pid_stat(5)). */
export function processStat(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The name, in parentheses, may hold spaces and parentheses itself.
  const [, parent, ...others] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const times = others.slice(9, 13);
  return { pid, parent: Number(parent), cpuTicks: times.reduce((sum, t) => sum + Number(t), 0) };
}

/** A process and all that descend from it. */
export function processTree(root: number): number[] {
  const all = processIds().flatMap((pid) => processStat(pid) ?? []);
  const tree = [root];
  for (const member of tree) {
    tree.push(...all.filter(({ parent }) => parent === member).map(({ pid }) => pid));
  }
  return tree;
}

export function processIds(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}
