import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { REPOSITORY } from '../../dev/stack/start-stack.ts';
import { compareMemory, type MemorySample } from './compare-memory.ts';
import { compareSpeed, type SpeedSample } from './compare-speed.ts';
import type { LoadJob, LoadResult } from './load/main.ts';
import { runMicro } from './micro/run-micro.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { Cleanup } from './process/cleanup.ts';
import { startWorker } from './process/start-worker.ts';
import { memoryReport, speedReport } from './report.ts';
import type { Bench } from './stack/bench.ts';
import { startSurroundings } from './stack/start-surroundings.ts';

const cleanup = new Cleanup();
let isInterrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (isInterrupted) return;
    isInterrupted = true;
    process.exitCode = 130;
    void cleanup.stop();
  });
}

try {
  const options = parseOptions(process.argv.slice(2), process.env);
  if (options === undefined) process.stdout.write(USAGE);
  else await run(options);
} catch (error) {
  if (!isInterrupted) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
} finally {
  await cleanup.stop();
}

async function run(options: Options): Promise<void> {
  const bench = await prepare(options);
  if (options.micro) {
    await runMicro(bench);
    return;
  }
  const speed: SpeedSample[] = [];
  const memory: MemorySample[] = [];
  for (const gateway of options.gateways) {
    speed.push(...(await compareSpeed(bench, gateway)));
    if (options.memory) memory.push(...(await compareMemory(bench, gateway)));
  }
  if (speed.length > 0) console.log(`\n${speedReport(speed, options)}`);
  if (memory.length > 0) console.log(`\n${memoryReport(memory)}`);
  if (options.json === undefined) return;
  const machine = { node: process.version, cpus: cpus().map(({ model }) => model) };
  await writeFile(
    options.json,
    `${JSON.stringify({ machine, options, speed, memory }, null, 2)}\n`,
  );
}

async function prepare(options: Options): Promise<Bench> {
  const directory = await mkdtemp(path.join(tmpdir(), 'bench-'));
  await cleanup.add({ stop: () => rm(directory, { recursive: true, force: true }) });
  const dist = path.join(directory, 'dist');
  await cp(path.join(REPOSITORY, 'dist'), dist, { recursive: true }).catch(() => {
    throw new Error('dist/ cannot be read; `npm run build` makes it');
  });
  const surroundings = await startSurroundings(options.upstream, directory, cleanup);
  const load = await cleanup.add(
    startWorker<LoadJob, LoadResult>(path.join(import.meta.dirname, 'load/main.ts')),
  );
  const onProgress = (what: string) => process.stderr.write(`${what}\n`);
  return { options, surroundings, load, dist, directory, cleanup, onProgress };
}
