import { CommanderError } from 'commander';
import { createProgram } from './create-program.ts';

/** Exit codes: 0 as asked, 1 it did not work, 2 the command line is wrong. */
createProgram()
  .parseAsync()
  .catch((error: unknown) => {
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`cloud-run-auth: ${message}\n`);
    process.exit(1);
  });
