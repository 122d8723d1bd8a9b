import { ConfigError } from '../../core/config-error.ts';
import { Malfunction } from '../../core/malfunction.ts';

/** What may be logged of an error. A library's own messages may quote its input. */
export function problemsOf(error: unknown, where: string): readonly string[] {
  if (error instanceof ConfigError) return error.problems;
  if (error instanceof Malfunction) return [`${where}: ${error.message}`];
  return [`${where}: failed with ${error instanceof Error ? error.name : 'an unknown error'}`];
}
