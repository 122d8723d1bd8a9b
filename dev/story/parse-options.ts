import { type ParseArgsConfig, parseArgs } from 'node:util';

/** What a program's user got wrong: the message is all they need. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * The options of a program's command line.
 *
 * @throws UsageError for options that are not among them, or arguments
 */
export function parseOptions<T extends NonNullable<ParseArgsConfig['options']>>(options: T) {
  try {
    return parseArgs({ options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!code.startsWith('ERR_PARSE_ARGS_')) throw error;
    throw new UsageError(error instanceof Error ? error.message : code);
  }
}
