import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { close, listen } from '../../../../../dev/google/listen.ts';
import { failureReason } from '../../../../../src/core/google/failure-reason.ts';
import { Malfunction } from '../../../../../src/core/malfunction.ts';

export const SECRET = 'c3VwZXJzZWNyZXQ';

export const inTime = () => AbortSignal.timeout(10_000);

/** What a test started, to be stopped after it. */
export function createCleanUp() {
  const tasks: (() => Promise<unknown>)[] = [];
  return {
    async directory(): Promise<string> {
      const made = await mkdtemp(path.join(tmpdir(), 'subject-token-'));
      tasks.push(() => rm(made, { recursive: true }));
      return made;
    },
    /** @returns the server's URL, without a slash at its end */
    async serve(listener: RequestListener): Promise<string> {
      const server = createServer(listener);
      const port = await listen(server, '127.0.0.1', 0);
      tasks.push(() => close(server));
      return `http://127.0.0.1:${port}`;
    },
    async run(): Promise<void> {
      await Promise.all(tasks.splice(0).map((task) => task()));
    },
  };
}

/** The message of the malfunction that is thrown, once nothing else in it tells the secret. */
export async function failureOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => new Error('no failure'),
    (reason: unknown) => reason,
  );
  if (inspect(error, { depth: 20 }).includes(SECRET)) throw new Error('the error tells the secret');
  if (!(error instanceof Malfunction)) throw new Error(`no malfunction: ${String(error)}`);
  return failureReason(error);
}
