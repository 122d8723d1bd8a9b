import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const V2 = '/sys/fs/cgroup';
const V1 = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/cpu,cpuacct'];

export interface Machine {
  cores?: number;
  /** @throws Error where there is no such file */
  readFile?(file: string): string;
}

/**
 * As many workers as there are cores to run them, within what the control group lets this process use: with more, the
 * kernel would halt all of them for the rest of each period once the quota is spent.
 *
 * @returns 1 or more
 * @see https://docs.kernel.org/admin-guide/cgroup-v2.html (cpu.max)
 * @see https://docs.kernel.org/scheduler/sched-bwc.html (cpu.cfs_quota_us)
 */
export function defaultWorkers(machine: Machine = {}): number {
  const { cores = availableParallelism(), readFile = (file) => readFileSync(file, 'utf8') } =
    machine;
  const read = (file: string) => {
    try {
      return readFile(file).trim();
    } catch {
      return '';
    }
  };
  return Math.max(1, Math.floor(Math.min(cores, ...quotas(read))));
}

/** In cores, of the process's own group and of each above it: all of them hold. */
function quotas(read: (file: string) => string): number[] {
  // hierarchy-ID:controllers:path, see cgroups(7). In a container the path may be the host's, which is not to be seen.
  const groups = read('/proc/self/cgroup')
    .split('\n')
    .map((line) => line.split(':').slice(2).join(':'));
  const directories = new Set(['', ...groups.flatMap(ancestors)]);
  const found: number[] = [];
  for (const directory of directories) {
    const [quota = '', period = ''] = read(`${V2}${directory}/cpu.max`).split(' ');
    found.push(Number(quota) / Number(period));
    for (const root of V1) {
      const v1Quota = Number(read(`${root}${directory}/cpu.cfs_quota_us`) || 'none');
      found.push(v1Quota / Number(read(`${root}${directory}/cpu.cfs_period_us`)));
    }
  }
  // "max", -1 and files that are not there limit nothing.
  return found.filter((limit) => Number.isFinite(limit) && limit > 0);
}

/** `/a/b` → `/a/b`, `/a`. */
function ancestors(group: string): string[] {
  const parts = group.split('/').filter((part) => part !== '' && part !== '..');
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
}
