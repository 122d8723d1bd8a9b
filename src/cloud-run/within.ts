/**
 * Waits for work no longer than a bound. The work goes on where it is not told to stop.
 *
 * @param late what to give instead once the time is up; a rejected promise to fail
 */
export async function within<T>(
  limit_ms: number,
  work: Promise<T>,
  late: () => T | Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(late()), limit_ms);
  });
  try {
    return await Promise.race([work, expiry]);
  } finally {
    clearTimeout(timer);
  }
}
