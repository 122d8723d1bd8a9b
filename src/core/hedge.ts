/**
 * Runs a task, and a second time beside it once that has taken a while: an answer that is lost does not cost the whole
 * time, and one that is slow is not given up. The first success counts; what still runs then is told by its signal.
 *
 * @param late makes the error for when the time is up
 * @throws that error, or what the last of the two throws; a task that fails before the second begins is not repeated
 */
export function hedge<T>(
  task: (signal: AbortSignal) => Promise<T>,
  { after_ms, limit_ms, late }: { after_ms: number; limit_ms: number; late: () => Error },
): Promise<T> {
  const controller = new AbortController();
  return new Promise<T>((resolve, reject) => {
    let open = 0;
    const second = setTimeout(start, after_ms);
    const limit = setTimeout(() => fail(late()), limit_ms);

    function start(): void {
      open += 1;
      run().then(succeed, (error) => {
        open -= 1;
        if (open === 0) fail(error);
      });
    }

    async function run(): Promise<T> {
      return await task(controller.signal);
    }

    function succeed(value: T): void {
      end();
      resolve(value);
    }

    function fail(error: unknown): void {
      end();
      reject(error);
    }

    function end(): void {
      clearTimeout(second);
      clearTimeout(limit);
      controller.abort();
    }

    start();
  });
}
