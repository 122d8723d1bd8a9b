import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { ConfigError } from '../../../core/config-error.ts';

/**
 * Reads a file that the command line names.
 *
 * @throws ConfigError with the file and why it cannot be read
 */
export function readTextFile(file: string, maxBytes: number): string {
  let descriptor: number;
  try {
    // Without blocking: a FIFO that nobody writes to would wait for ever.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new ConfigError([`${file}: ${REASONS[code] ?? `cannot be read: ${code}`}`]);
  }
  try {
    const { size, isFile } = describe(descriptor);
    if (!isFile) throw new ConfigError([`${file}: is not a regular file`]);
    if (size > maxBytes) {
      throw new ConfigError([`${file}: has ${size} bytes; at most ${maxBytes} are read`]);
    }
    return readFileSync(descriptor, 'utf8').replace(/^\ufeff/, '');
  } finally {
    closeSync(descriptor);
  }
}

const REASONS: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'cannot be read: permission denied',
};

function describe(descriptor: number): { size: number; isFile: boolean } {
  const stat = fstatSync(descriptor);
  return { size: stat.size, isFile: stat.isFile() };
}
