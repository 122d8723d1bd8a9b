/** Must not reject. */
export type Task = () => Promise<void>;

/** Bounds how many requests are on their way to one endpoint, and how many wait to be. */
export interface RequestSlots {
  /**
   * Runs a task now, or once there is room for it.
   *
   * @param goesFirst before all that do not, for whom there is another waiting room
   * @returns false where the waiting room is full; the task will then not run
   */
  run(task: Task, goesFirst: boolean): boolean;
  /** @returns whether the task still waited, and now will not run */
  withdraw(task: Task): boolean;
}

export function createRequestSlots({
  max_running,
  max_waiting,
}: {
  max_running: number;
  max_waiting: number;
}): RequestSlots {
  let running = 0;
  const first = new Set<Task>();
  const second = new Set<Task>();

  function start(task: Task): void {
    running += 1;
    void task().finally(() => {
      running -= 1;
      startNext();
    });
  }

  function startNext(): void {
    for (const queue of [first, second]) {
      for (const task of queue) {
        queue.delete(task);
        start(task);
        return;
      }
    }
  }

  return {
    run(task, goesFirst) {
      const queue = goesFirst ? first : second;
      if (running < max_running) start(task);
      else if (queue.size < max_waiting) queue.add(task);
      else return false;
      return true;
    },
    withdraw(task) {
      return first.delete(task) || second.delete(task);
    },
  };
}
