import { Interruption } from './interruption.ts';
import { UsageError } from './parse-options.ts';

/** Faults whose message says where they are and what to do: a stack would only hide it. */
const TOLD_BY_MESSAGE = new Set(['ConfigError']);

/**
 * Runs a program of the demo and sets this process's exit code.
 *
 * @param run resolves to the exit code
 * @param usage is shown where the command line is wrong
 */
export async function runProgram(run: () => Promise<number>, usage: string): Promise<void> {
  try {
    process.exitCode = await run();
  } catch (error) {
    if (error instanceof Interruption) {
      // What was interrupted may still be waiting for an answer.
      process.exit(error.exitCode);
    }
    if (error instanceof UsageError) {
      console.error(`${error.message}\n\n${usage}`);
      process.exitCode = 2;
      return;
    }
    const isTold = error instanceof Error && TOLD_BY_MESSAGE.has(error.name);
    console.error(isTold ? error.message : error);
    process.exitCode = 1;
  }
}
