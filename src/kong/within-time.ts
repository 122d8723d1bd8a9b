import { Malfunction } from '../core/malfunction.ts';

/**
 * Runs `work`, but not for longer than `timeoutMs`. What still runs then is told by the signal, and its result is dropped.
 *
 * @throws Malfunction once the time is up, or whatever `work` throws before
 */
export async function withinTime<T>(
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new Malfunction(`no decision within ${timeoutMs} ms`);
      controller.abort(error);
      reject(error);
    }, timeoutMs);
  });
  try {
    return await Promise.race([work(controller.signal), expiry]);
  } finally {
    clearTimeout(timer);
  }
}
