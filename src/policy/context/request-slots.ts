/** Must not reject. */
type Task = () => Promise<void>;

/** Bounds how many requests are on their way to one API, and how many wait to be. */
export interface RequestSlots {
  /** @returns false where too many wait already; the task will then not run */
  run(task: Task): boolean;
}

export function createRequestSlots(limits: {
  max_running: number;
  max_waiting: number;
}): RequestSlots {
  let running = 0;
  const waiting = new Set<Task>();

  function start(task: Task): void {
    running += 1;
    void task().finally(() => {
      running -= 1;
      for (const next of waiting) {
        waiting.delete(next);
        start(next);
        return;
      }
    });
  }

  return {
    run(task) {
      if (running < limits.max_running) start(task);
      else if (waiting.size < limits.max_waiting) waiting.add(task);
      else return false;
      return true;
    },
  };
}
