/** Waits for a while, or until it is ended. */
export async function rest(time_ms: number, signal: AbortSignal): Promise<void> {
  if (time_ms <= 0 || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, time_ms);
    signal.addEventListener('abort', end);
  });
}
