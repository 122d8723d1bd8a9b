import type { Command } from 'commander';
import { Malfunction } from '../core/malfunction.ts';
import { runWorker } from '../plugin-server/worker.ts';

/** `worker`: one of the processes that `serve` starts. */
export function addWork(program: Command): void {
  program.command('worker', { hidden: true }).action(async () => {
    if (process.send === undefined) throw new Malfunction('`worker` is started by `serve` alone');
    await runWorker();
  });
}
