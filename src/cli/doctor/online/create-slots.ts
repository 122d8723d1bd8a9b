/** Bounds how many tasks run at the same time; the others wait. */
export interface Slots {
  /** @throws what the task throws. A task must not wait for another one of the same slots */
  run<T>(task: () => Promise<T>): Promise<T>;
}

/** @param max how many run at the same time */
export function createSlots(max: number): Slots {
  let running = 0;
  const waiting: (() => void)[] = [];

  return {
    async run(task) {
      if (running === max) await new Promise<void>((resolve) => waiting.push(resolve));
      else running += 1;
      try {
        return await task();
      } finally {
        const next = waiting.shift();
        // The slot goes over to who waits.
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
}
