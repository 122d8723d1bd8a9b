import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { type Ran, runProgram } from '../run-program.ts';

/** Runs `policy` in this process, with the exit codes that main.ts gives. */
export const policy = (...args: string[]): Promise<Ran> => runProgram('policy', ...args);

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
