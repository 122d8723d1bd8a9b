import type { Finding } from '../finding.ts';

/**
 * What a check says: what it found and, where nothing of it is wrong, that all is well.
 *
 * @param looked whether there was anything to look at
 */
export function conclude(
  check: string,
  looked: boolean,
  found: readonly Finding[],
  well: string,
): readonly Finding[] {
  const isWrong = found.some(({ severity }) => severity === 'error' || severity === 'warning');
  return looked && !isWrong ? [...found, { check, severity: 'ok', message: well }] : found;
}
