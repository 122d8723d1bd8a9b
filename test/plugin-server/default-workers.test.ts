import { expect, it } from 'vitest';
import { defaultWorkers } from '../../src/plugin-server/default-workers.ts';

function workers(cores: number, files: Record<string, string>): number {
  return defaultWorkers({
    cores,
    readFile: (file) => {
      const text = files[file];
      if (text === undefined) throw new Error(`ENOENT: ${file}`);
      return text;
    },
  });
}

const V2 = '/sys/fs/cgroup';
const V1 = '/sys/fs/cgroup/cpu,cpuacct';

it.each<[string, number, number, Record<string, string>]>([
  ['there is no control group', 8, 8, {}],
  ['it limits nothing', 8, 8, { [`${V2}/cpu.max`]: 'max 100000\n' }],
  ['its quota is three cores', 8, 3, { [`${V2}/cpu.max`]: '300000 100000\n' }],
  ['its quota is two and a half', 8, 2, { [`${V2}/cpu.max`]: '250000 100000\n' }],
  ['its quota is a tenth', 8, 1, { [`${V2}/cpu.max`]: '10000 100000\n' }],
  ['its quota is more than there is', 2, 2, { [`${V2}/cpu.max`]: '800000 100000\n' }],
  ['its file is not what it should be', 4, 4, { [`${V2}/cpu.max`]: 'garbage' }],
  [
    'the quota is that of a group above its own',
    8,
    2,
    {
      '/proc/self/cgroup': '0::/kong.slice/kong.service\n',
      [`${V2}/kong.slice/cpu.max`]: '200000 100000\n',
      [`${V2}/kong.slice/kong.service/cpu.max`]: 'max 100000\n',
    },
  ],
  [
    'the group is one of version 1',
    8,
    2,
    {
      '/proc/self/cgroup': '7:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n',
      [`${V1}/docker/abc/cpu.cfs_quota_us`]: '200000\n',
      [`${V1}/docker/abc/cpu.cfs_period_us`]: '100000\n',
    },
  ],
  [
    'the group of version 1 limits nothing',
    8,
    8,
    { [`${V1}/cpu.cfs_quota_us`]: '-1\n', [`${V1}/cpu.cfs_period_us`]: '100000\n' },
  ],
  ['only the quota of version 1 can be read', 8, 8, { [`${V1}/cpu.cfs_quota_us`]: '200000\n' }],
])('where %s, of %i cores %i are used', (_, cores, expected, files) => {
  expect(workers(cores, files)).toBe(expected);
});

it('is at least one here and now', () => {
  expect(defaultWorkers()).toBeGreaterThanOrEqual(1);
});
