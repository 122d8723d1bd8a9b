import { Malfunction } from '../core/malfunction.ts';

export interface ErrorDescription {
  name: string;
  code?: string;
  message?: string;
  frames: string[];
}

const FRAMES = 8;

/**
 * What may be logged of an error: its class, code and stack frames. The message only where it is ours,
 * because libraries quote their input there (`JSON.parse` does), and the input may be a token.
 */
export function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof Error)) return { name: typeof error, frames: [] };
  const code = (error as NodeJS.ErrnoException).code;
  return {
    name: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    ...(error instanceof Malfunction ? { message: error.message } : {}),
    frames: stackFrames(error),
  };
}

/** A stack starts with the message, whatever number of lines that has; only lines in the form of a frame are kept. */
function stackFrames(error: Error): string[] {
  const body = (error.stack ?? '').replace(error.message, '');
  return body
    .split('\n')
    .filter((line) => /^ {4}at .+:\d+:\d+\)?$/.test(line))
    .slice(0, FRAMES)
    .map((line) => line.trim());
}
