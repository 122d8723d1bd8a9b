/** The time one request may spend waiting, however often it waits. */
export interface Deadline {
  /** Resolves once the time is up. The first call starts the time, so a request that waits for nothing needs no timer. */
  passed(): Promise<undefined>;
  cancel(): void;
}

export function createDeadline(timeout_ms: number): Deadline {
  let timer: NodeJS.Timeout | undefined;
  let passed: Promise<undefined> | undefined;
  return {
    passed() {
      passed ??= new Promise((resolve) => {
        timer = setTimeout(() => resolve(undefined), timeout_ms);
      });
      return passed;
    },
    cancel() {
      clearTimeout(timer);
    },
  };
}
