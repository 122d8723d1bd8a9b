import { constants } from 'node:os';

/** Somebody wants the program to end: Ctrl-C, a signal, a terminal or a pipe that is closed. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
  /** As a shell shows it: 128 and the signal's number. */
  readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP') {
    super(signal);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/**
 * From now on signals do not end this process, so that it can put away what it has started.
 *
 * @returns aborted with an Interruption at the first of them; further ones change nothing
 */
export function catchSignals(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => controller.abort(new Interruption(signal)));
  }
  // Writing to a terminal or a pipe that is gone would end the process.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', () => controller.abort(new Interruption('SIGHUP')));
  }
  return controller.signal;
}

/** @throws the signal's reason, once it is aborted */
export function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return Promise.race([work, aborted(signal)]);
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
