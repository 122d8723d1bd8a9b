import { isJsonObject } from '../../src/core/json.ts';

/** Follows what our plugin server logs of its workers. */
export class WorkerLog {
  #pids: number[] = [];

  /** Of the workers that are ready, oldest first. */
  get pids(): readonly number[] {
    return this.#pids;
  }

  clear(): void {
    this.#pids = [];
  }

  take(line: string): void {
    if (!line.includes('"worker":')) return;
    const record = parse(line);
    if (!isJsonObject(record) || typeof record.worker !== 'number') return;
    const { worker, msg } = record;
    if (msg === 'a worker is ready') this.#pids = [...this.#pids, worker];
    else if (msg === 'a worker ended') this.#pids = this.#pids.filter((pid) => pid !== worker);
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
