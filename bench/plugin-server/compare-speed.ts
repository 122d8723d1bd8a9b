import type { PluginServerKind } from '../../dev/stack/plugin-server.ts';
import { cpuMicroseconds } from './measure/cpu-time.ts';
import type { Extent } from './measure/keep-busy.ts';
import type { GatewayKind, Workload } from './options.ts';
import { type Bench, requestFor, type Subject, startSubject } from './stack/bench.ts';
import { PLUGIN_SERVERS } from './stack/plugin-server-kinds.ts';

export const METRICS = [
  'requests_per_second',
  'p50_ms',
  'p99_ms',
  'gateway_cpu_us',
  'plugin_server_cpu_us',
] as const;

/** One measurement; CPU is for each request, in microseconds. */
export interface SpeedSample extends Record<(typeof METRICS)[number], number> {
  gateway: GatewayKind;
  workload: Workload;
  pluginServer: PluginServerKind;
  round: number;
  requests: number;
}

/** For the compilers of JavaScript, and for keys, ID tokens and connections. */
const WARM_UP: Extent = { seconds: 3 };

/**
 * Lets the plugin servers take turns, each round on fresh processes and in the other order, so that what else the
 * machine does meets both.
 */
export async function compareSpeed(bench: Bench, gateway: GatewayKind): Promise<SpeedSample[]> {
  const samples: SpeedSample[] = [];
  for (let round = 1; round <= bench.options.rounds; round += 1) {
    const turns = round % 2 === 1 ? PLUGIN_SERVERS : PLUGIN_SERVERS.toReversed();
    for (const pluginServer of turns) {
      const subject = await startSubject(bench, gateway, pluginServer);
      for (const workload of bench.options.workloads) {
        bench.onProgress(`${gateway}, ${workload}, round ${round}: ${pluginServer}`);
        const measured = await measureSpeed(bench, subject, workload);
        samples.push({ gateway, workload, pluginServer, round, ...measured });
      }
      await subject.stop();
    }
  }
  return samples;
}

async function measureSpeed(bench: Bench, subject: Subject, workload: Workload) {
  await sendRequests(bench, subject, workload, WARM_UP);
  const gatewayPids = subject.gateway.pids();
  const pluginServerPids = subject.pluginServer.pids();
  const before = [cpuMicroseconds(gatewayPids), cpuMicroseconds(pluginServerPids)] as const;
  const extent = { seconds: bench.options.seconds };
  const pace = await sendRequests(bench, subject, workload, extent);
  const used = [cpuMicroseconds(gatewayPids), cpuMicroseconds(pluginServerPids)] as const;
  return {
    requests: pace.operations,
    requests_per_second: pace.per_second,
    p50_ms: pace.p50_ms,
    p99_ms: pace.p99_ms,
    gateway_cpu_us: (used[0] - before[0]) / pace.operations,
    plugin_server_cpu_us: (used[1] - before[1]) / pace.operations,
  };
}

/** @throws Error where an answer has another status than it must have: what was measured would be something else */
export async function sendRequests(
  bench: Bench,
  { gateway, pluginServer }: Subject,
  workload: Workload,
  extent: Extent,
) {
  const { request, status } = await requestFor(bench, workload);
  const { connections } = bench.options;
  const pace = await bench.load.run({ port: gateway.port, request, connections, extent });
  if (pace.outcomes[status] !== pace.operations) {
    throw new Error(
      [
        `expected ${status} for each request, got ${JSON.stringify(pace.outcomes)}`,
        `the gateway printed:\n${await gateway.printed()}`,
        `the plugin server printed:\n${pluginServer.printed()}`,
      ].join('\n'),
    );
  }
  return pace;
}
