import path from 'node:path';
import { cpuMicroseconds } from '../measure/cpu-time.ts';
import type { Workload } from '../options.ts';
import { startWorker } from '../process/start-worker.ts';
import { median, table } from '../report.ts';
import type { Bench } from '../stack/bench.ts';
import { startPluginServer } from '../stack/start-plugin-server.ts';
import { PATH } from '../stack/start-surroundings.ts';
import type { MicroJob, MicroResult } from './main.ts';
import { pluginConfigs } from './plugin-configs.ts';

const ROUTE = 'tasks-staging';
const OUTCOMES: Record<Workload, string> = { chain: 'continued', refusal: 'refused' };
const WARM_UP = { seconds: 3 };

const COLUMNS: [head: string, of: (pace: MicroResult, cpuMicros: number) => number][] = [
  ['requests/s', ({ per_second }) => per_second],
  ['p50, ms', ({ p50_ms }) => p50_ms],
  ['p99, ms', ({ p99_ms }) => p99_ms],
  ['CPU/request, µs', ({ operations }, cpu) => cpu / operations],
  ['CPU/event, µs', ({ events }, cpu) => cpu / events],
  ['PDK calls/request', ({ operations, pdkCalls }) => pdkCalls / operations],
  ['reads/request', ({ operations, reads }) => reads / operations],
];

/** Drives our plugin server alone, without gateway, upstream or HTTP, and prints what it costs. */
export async function runMicro(bench: Bench): Promise<void> {
  const { options, surroundings, dist, directory, cleanup } = bench;
  const pluginServer = await cleanup.add(
    startPluginServer('ours', {
      dist,
      workers: options.workers,
      env: surroundings.env,
      directory,
      nodeArgs: options.profile
        ? ['--cpu-prof', `--cpu-prof-dir=${path.resolve(options.profile)}`]
        : [],
    }),
  );
  const kong = await cleanup.add(
    startWorker<MicroJob, MicroResult>(path.join(import.meta.dirname, 'main.ts')),
  );
  const plugins = await pluginConfigs(surroundings.config, ROUTE, pluginServer.entries);

  const authorization = `Bearer ${await surroundings.accessToken()}`;
  const rows: string[][] = [];
  for (const workload of options.workloads) {
    const headers = { host: '127.0.0.1', ...(workload === 'chain' && { authorization }) };
    const job = {
      socket: pluginServer.socket,
      plugins,
      request: { method: 'GET', path: PATH, headers },
      connections: options.connections,
    };
    const samples: number[][] = [];
    await kong.run({ ...job, extent: WARM_UP });
    for (let round = 1; round <= options.rounds; round += 1) {
      bench.onProgress(`${workload}, round ${round}`);
      const before = cpuMicroseconds(pluginServer.pids());
      const pace = await kong.run({ ...job, extent: { seconds: options.seconds } });
      const cpu = cpuMicroseconds(pluginServer.pids()) - before;
      if (pace.outcomes[OUTCOMES[workload]] !== pace.operations) {
        throw new Error(`${workload}: unexpected outcomes ${JSON.stringify(pace.outcomes)}`);
      }
      samples.push(COLUMNS.map(([, of]) => of(pace, cpu)));
    }
    const medians = COLUMNS.map((_, column) =>
      median(samples.map((sample) => sample[column] ?? Number.NaN)),
    );
    rows.push([workload, ...medians.map((value) => value.toFixed(1))]);
  }
  const heads = ['', ...COLUMNS.map(([head]) => head)];
  console.log(
    `\n${table(`our plugin server alone, ${options.connections} connections`, [heads, ...rows])}`,
  );
}
