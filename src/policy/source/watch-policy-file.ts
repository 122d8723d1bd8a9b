import type { Logger } from '../../core/logger.ts';
import type { Policy } from '../policy.ts';
import { createLastGood } from './last-good.ts';
import type { Watched } from './policy-source.ts';
import { problemsOf } from './problems-of.ts';
import { createSettledFile } from './settled-file.ts';

/** A change is in force after two readings: within a second. */
export const FILE_POLL_MS = 500;

/** Loads a policy from a file, at once and again whenever the file has changed. */
export function watchPolicyFile(
  file: string,
  {
    read,
    load,
    logger,
  }: {
    /** @throws ConfigError where the file cannot be read */
    read(): string;
    load(text: string, fileName: string): Policy;
    logger: Logger;
  },
): Watched<Policy> {
  const settled = createSettledFile(read);
  const state = createLastGood<Policy>({
    logger,
    noun: 'policy file',
    fields: { policy_file: file },
  });

  function look(): void {
    const reading = settled();
    if (reading === null) return;
    if ('problems' in reading) {
      state.bad(reading.problems);
      return;
    }
    try {
      const policy = load(reading.text, file);
      state.good(policy, { policy_version: policy.version });
    } catch (error) {
      state.bad(problemsOf(error, file));
    }
  }

  look();
  return {
    get value() {
      return state.value;
    },
    get problems() {
      return state.problems;
    },
    ready: Promise.resolve(),
    delayMs: () => FILE_POLL_MS,
    async poll() {
      look();
    },
  };
}
