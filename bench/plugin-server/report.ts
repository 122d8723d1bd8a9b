import type { MemorySample } from './compare-memory.ts';
import { METRICS, type SpeedSample } from './compare-speed.ts';
import type { Options } from './options.ts';
import { PLUGIN_SERVERS } from './stack/plugin-server-kinds.ts';

const LABELS: Record<(typeof METRICS)[number], string> = {
  requests_per_second: 'requests/s',
  p50_ms: 'p50, ms',
  p99_ms: 'p99, ms',
  gateway_cpu_us: 'CPU/request, gateway, µs',
  plugin_server_cpu_us: 'CPU/request, plugin server, µs',
};

/** Medians of all rounds, and ours/stock round by round: its median and its range. */
export function speedReport(samples: SpeedSample[], options: Options): string {
  const groupOf = ({ gateway, workload }: SpeedSample) => `${gateway}, ${workload}`;
  return [...new Set(samples.map(groupOf))]
    .map((title) => {
      const group = samples.filter((sample) => groupOf(sample) === title);
      const rows = METRICS.map((metric) => {
        const [stock = [], ours = []] = PLUGIN_SERVERS.map((kind) =>
          group.filter(({ pluginServer }) => pluginServer === kind).map((sample) => sample[metric]),
        );
        const ratios = ours.map((value, round) => value / (stock[round] ?? Number.NaN));
        const range = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
        const numbers = [median(stock), median(ours)].map((value) => value.toFixed(digits(metric)));
        return [LABELS[metric], ...numbers, median(ratios).toFixed(2), range];
      });
      const { connections, rounds, seconds, workers } = options;
      const how = `${connections} connections, ${rounds} × ${seconds} s, ours with --workers ${workers}`;
      return table(`${title} (${how})`, [['', 'stock', 'ours', 'ours/stock', 'range'], ...rows]);
    })
    .join('\n\n');
}

export function memoryReport(samples: MemorySample[]): string {
  const rows = samples.map(({ gateway, pluginServer, series, growth, trend, heap }) => [
    `${gateway}, ${pluginServer}`,
    ...[series[0], series.at(-1)].map(
      (look) => `${look?.rss.toFixed(1)} / ${look?.pss.toFixed(1)}`,
    ),
    ...[growth, trend].map(({ rss, pss }) => `${signed(rss)} / ${signed(pss)}`),
    `${heap[0].toFixed(1)} → ${heap[1].toFixed(1)}`,
  ]);
  const refusals = samples[0]?.series.at(-1)?.refusals;
  const title = `memory of the plugin server over ${refusals} refusals (RSS / PSS, MiB)`;
  return table(title, [
    ['', 'before', 'after', 'growth per 100,000', 'trend per 100,000', 'live heap'],
    ...rows,
  ]);
}

export function table(title: string, rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  '),
  );
  return [title, ...lines.map((line) => `  ${line}`)].join('\n');
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

function digits(metric: (typeof METRICS)[number]): number {
  return metric.endsWith('_ms') ? 1 : 0;
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;
}
