import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CommanderError } from 'commander';
import { afterAll, vi } from 'vitest';
import { createProgram } from '../../../src/cli/create-program.ts';

export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** Runs a command in this process, with the exit codes that main.ts gives. */
export async function policy(...args: string[]): Promise<Ran> {
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
    await createProgram().parseAsync(['policy', ...args], { from: 'user' });
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

export interface Folder {
  /** @returns the file's path; what is not text is written as JSON */
  write(name: string, content: unknown): string;
  readonly path: string;
}

/** A folder of the test file's own, removed at its end. */
export function temporaryFolder(): Folder {
  const folder = mkdtempSync(path.join(tmpdir(), 'policy-cli-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  return {
    path: folder,
    write(name, content) {
      const file = path.join(folder, name);
      writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
      return file;
    },
  };
}

/** The repository, with its policy.yaml, kong.yml and examples. */
export const ROOT = path.resolve(import.meta.dirname, '../../..');
