import type { Logger } from '../../core/logger.ts';
import { createLastGood } from './last-good.ts';
import type { VerificationKey } from './parse-verification-key.ts';
import type { Watched } from './policy-source.ts';
import { problemsOf } from './problems-of.ts';
import { type GrantsFile, type GrantVerifier, readGrants } from './read-grants.ts';
import { createSettledFile } from './settled-file.ts';
import { singleFlight } from './single-flight.ts';
import { FILE_POLL_MS } from './watch-policy-file.ts';

/** Reads grants from a file, at once and again whenever the file has changed. */
export function watchGrantsFile(
  file: string,
  {
    read,
    keys,
    logger,
  }: {
    /** @throws ConfigError where the file cannot be read */
    read(): string;
    /** Null where grants need no signature. */
    keys: readonly VerificationKey[] | null;
    logger: Logger;
  },
): Watched<GrantsFile> {
  const settled = createSettledFile(read);
  const verifier: GrantVerifier | null = keys === null ? null : { keys, known: new Map() };
  const state = createLastGood<GrantsFile>({
    logger,
    noun: 'grants file',
    fields: { grants_file: file },
  });

  const poll = singleFlight(async () => {
    const reading = settled();
    if (reading === null) return;
    if ('problems' in reading) return state.bad(reading.problems);
    try {
      const grants = await readGrants(reading.text, file, verifier);
      state.good(grants, { entries: grants.entries.length });
    } catch (error) {
      state.bad(problemsOf(error, file));
    }
  });

  return {
    get value() {
      return state.value;
    },
    get problems() {
      return state.problems;
    },
    ready: poll(),
    delayMs: () => FILE_POLL_MS,
    poll,
  };
}
