/**
 * Runs a task, but not for longer than `timeoutMs`, whether or not it heeds its signal. What still runs then is told by the
 * signal, and its result is dropped.
 *
 * @param late makes the error for when the time is up
 * @throws that error, or whatever the task throws before
 */
export async function withinTime<T>(
  timeoutMs: number,
  task: (signal: AbortSignal) => Promise<T>,
  late: () => Error,
): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = late();
      reject(error);
      controller.abort(error);
    }, timeoutMs);
  });
  try {
    return await Promise.race([task(controller.signal), expiry]);
  } finally {
    clearTimeout(timer);
  }
}
