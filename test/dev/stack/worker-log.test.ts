import { expect, it } from 'vitest';
import { WorkerLog } from '../../../dev/stack/worker-log.ts';

const ready = (worker: number) => JSON.stringify({ worker, msg: 'a worker is ready' });
const ended = (worker: number) => JSON.stringify({ worker, how: 'SIGKILL', msg: 'a worker ended' });

it('knows the workers that are ready, oldest first', () => {
  const log = new WorkerLog();
  for (const line of [ready(1), ready(2), ready(3), ended(2)]) log.take(line);
  expect(log.pids).toEqual([1, 3]);
});

it('passes over whatever else is written', () => {
  const log = new WorkerLog();
  const lines = [
    '',
    'a "worker": that is no JSON',
    '{"worker":"x","msg":"a worker is ready"}',
    '{"worker":7}',
  ];
  for (const line of [ready(1), ...lines]) log.take(line);
  expect(log.pids).toEqual([1]);
});

it('knows none after a restart', () => {
  const log = new WorkerLog();
  log.take(ready(1));
  log.clear();
  expect(log.pids).toEqual([]);
});
