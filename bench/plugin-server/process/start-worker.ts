import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A process that does one job after another, each a message to it and one back. */
export interface Worker<Job, Result> {
  run(job: Job): Promise<Result>;
  stop(): Promise<void>;
}

export type Answer<Result> = { result: Result } | { problem: string };

/** @param file a module that calls `serveJobs` */
export async function startWorker<Job extends object, Result>(
  file: string,
): Promise<Worker<Job, Result>> {
  const child = fork(file, { execArgv: ['--import', import.meta.resolve('tsx')] });
  await once(child, 'message');
  const ended = once(child, 'exit');
  return {
    async run(job) {
      const answered = once(child, 'message');
      child.send(job);
      const gone = ended.then(() => {
        throw new Error(`${file} has ended`);
      });
      const [answer] = (await Promise.race([answered, gone])) as [Answer<Result>];
      if ('problem' in answer) throw new Error(answer.problem);
      return answer.result;
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill();
      await ended;
    },
  };
}
