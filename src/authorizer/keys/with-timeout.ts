import { KeySourceError } from './key-source-error.ts';

/**
 * Bounds a task in time, whether or not it heeds its signal.
 *
 * @throws KeySourceError when the time is up
 */
export async function withTimeout<T>(
  timeout_ms: number,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new KeySourceError(`no answer within ${timeout_ms} ms`));
      controller.abort();
    }, timeout_ms);
  });
  try {
    return await Promise.race([task(controller.signal), expiry]);
  } finally {
    clearTimeout(timer);
  }
}
