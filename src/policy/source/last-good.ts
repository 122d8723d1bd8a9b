import type { Logger } from '../../core/logger.ts';
import { tell } from './tell.ts';

/** The newest good version of something, and what is wrong with a newer one. */
export interface LastGood<T> {
  readonly value: T | undefined;
  readonly problems: readonly string[] | null;
  /** @param about what the log says of it */
  good(value: T, about: Record<string, unknown>): void;
  /** There is a newer version, or none any more, and it cannot be used. */
  bad(problems: readonly string[]): void;
  /** The last good version is what is there again. */
  recovered(): void;
}

/**
 * Keeps the last good version in force, loudly: each new trouble is logged once, and its end.
 *
 * @param options.noun what it is, such as `policy file`
 * @param options.fields which one it is
 */
export function createLastGood<T>({
  logger,
  noun,
  fields,
}: {
  logger: Logger;
  noun: string;
  fields: Record<string, unknown>;
}): LastGood<T> {
  let value: T | undefined;
  let inForce: Record<string, unknown> = {};
  let problems: readonly string[] | null = null;

  function recovered(): void {
    if (problems === null) return;
    problems = null;
    tell(logger, 'info', { ...fields, ...inForce }, `the ${noun} is good again`);
  }

  return {
    get value() {
      return value;
    },
    get problems() {
      return problems;
    },
    good(next, about) {
      const replaced = value !== undefined && value !== next;
      value = next;
      inForce = about;
      if (problems !== null) recovered();
      else if (replaced) {
        tell(logger, 'info', { ...fields, ...about }, `a new version of the ${noun} is in force`);
      }
    },
    bad(found) {
      const known = problems?.join('\n') === found.join('\n');
      problems = found;
      if (known) return;
      const rest =
        value === undefined ? 'no version of it is in force' : 'its last good version is in force';
      tell(
        logger,
        'error',
        { ...fields, ...inForce, problems: found },
        `the ${noun} cannot be used; ${rest}`,
      );
    },
    recovered,
  };
}
