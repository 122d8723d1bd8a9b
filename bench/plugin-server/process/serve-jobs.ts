import type { Answer } from './start-worker.ts';

/** The other side of `startWorker`: says that it is there, and then does what it is sent. */
export function serveJobs<Job, Result>(work: (job: Job) => Promise<Result>): void {
  const answer = (message: Answer<Result> | 'ready') => process.send?.(message);
  process.on('message', (job: Job) => {
    work(job).then(
      (result) => answer({ result }),
      (error: unknown) =>
        answer({ problem: error instanceof Error ? error.message : String(error) }),
    );
  });
  process.on('disconnect', () => process.exit());
  // Ctrl-C reaches all processes of a terminal; the first one stops the others in order.
  process.on('SIGINT', () => {});
  answer('ready');
}
