import type { DeclarativeConfig } from '../kong/declarative-config/declarative-config.ts';
import { readDeclarativeConfig } from '../kong/declarative-config/read-declarative-config.ts';
import { readTextFile } from './policy/input/read-text-file.ts';

const MOST_BYTES = 16 * 1024 * 1024;

/** @throws ConfigError where the file cannot be read or Kong would not take it */
export function readKongFile(file: string): DeclarativeConfig {
  return readDeclarativeConfig(readTextFile(file, MOST_BYTES), file);
}
