import { CommanderError } from 'commander';
import { vi } from 'vitest';
import { createProgram } from '../../src/cli/create-program.ts';

export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** Runs a command in this process, with the exit codes that main.ts gives. */
export async function runProgram(...args: string[]): Promise<Ran> {
  let [out, err] = ['', ''];
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text;
    return true;
  });
  const before = process.exitCode;
  process.exitCode = 0;
  try {
    await createProgram().parseAsync(args, { from: 'user' });
    return { code: Number(process.exitCode), out, err };
  } catch (error) {
    if (error instanceof CommanderError) return { code: error.exitCode === 0 ? 0 : 2, out, err };
    return { code: 1, out, err: `${err}${error instanceof Error ? error.message : error}` };
  } finally {
    process.exitCode = before;
    stdout.mockRestore();
    stderr.mockRestore();
  }
}
