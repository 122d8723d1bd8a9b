import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { Malfunction } from '../core/malfunction.ts';

export type Append = (line: string) => void;

export interface AuditLog {
  /**
   * Writes one record as one JSON line before it returns.
   *
   * @throws Malfunction where the line could not be written; a decision that leaves no trace must not be acted on
   */
  record(entry: object): void;
}

/** @param file absolute path, or relative to the plugin server's working directory; standard error when left out */
export function openAuditLog(file: string | undefined, append: Append = appendTo(file)): AuditLog {
  let sequence = 0;
  return {
    record(entry) {
      sequence += 1;
      const line = `${JSON.stringify({ type: 'authz', sequence, ...entry })}\n`;
      try {
        append(line);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
        throw new Malfunction(
          `the audit record could not be written to ${file ?? 'standard error'}: ${code}`,
        );
      }
    },
  };
}

/**
 * Opened anew for each record, in append mode: the file may be moved away by log rotation at any time, and several
 * processes may write to it. Without blocking, because a FIFO that nobody reads would stop the process for all routes.
 */
function appendTo(file: string | undefined): Append {
  if (file === undefined) return (line) => writeAll(STANDARD_ERROR, line);
  return (line) => {
    const descriptor = openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o600);
    try {
      writeAll(descriptor, line);
    } finally {
      closeSync(descriptor);
    }
  };
}

const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;
const STANDARD_ERROR = 2;
const ATTEMPTS = 200;
const PAUSE_MS = 5;

/** A full pipe answers EAGAIN until its reader catches up; Kong reads its plugin servers' all the time. */
function writeAll(descriptor: number, line: string): void {
  const bytes = Buffer.from(line);
  let written = 0;
  for (let attempt = 0; written < bytes.length; ) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      attempt += 1;
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || attempt === ATTEMPTS) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
}
