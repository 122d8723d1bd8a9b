import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from './config-error.ts';

/**
 * Reads a text file that configuration names. Opened without blocking, because a FIFO or a device in its place would
 * stop the process for all routes.
 *
 * @param field the config field that names it, for errors
 * @throws ConfigError where it is not there, not a regular file or too long
 */
export function readRegularFile(field: string, file: string, maxBytes: number): string {
  const full = path.resolve(file);
  const where = `${field} (file ${full})`;
  let descriptor: number;
  try {
    descriptor = openSync(full, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new ConfigError([`${where}: cannot be read: ${reason}`]);
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new ConfigError([`${where}: is not a regular file`]);
    if (stat.size > maxBytes) {
      throw new ConfigError([`${where}: has ${stat.size} bytes; at most ${maxBytes} are read`]);
    }
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}
