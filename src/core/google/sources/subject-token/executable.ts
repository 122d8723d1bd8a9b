import type { Clock } from '../../../clock.ts';
import { ConfigError } from '../../../config-error.ts';
import { Malfunction } from '../../../malfunction.ts';
import { withinTime } from '../../../within-time.ts';
import type { ExecutableSource } from '../../credentials/parse-credential-source.ts';
import type { ExternalAccount } from '../../credentials/parse-external-account.ts';
import type { Environment } from '../../environment.ts';
import { readBoundedFile } from './read-bounded-file.ts';
import { readExecutableResponse } from './read-executable-response.ts';
import { runExecutable } from './run-executable.ts';
import type { SubjectTokenSource } from './subject-token-source.ts';

const ALLOW = 'GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES';
const MAX_BYTES = 65_536;

/**
 * A token that a program of the operator's prints, or has left in `output_file`.
 *
 * @throws ConfigError where the environment does not allow programs
 * @see https://google.aip.dev/auth/4117 under "executable-sourced credentials"
 */
export function createExecutableSource(
  { command, timeout_millis, output_file }: ExecutableSource,
  account: Pick<ExternalAccount, 'audience' | 'subject_token_type' | 'impersonation'>,
  { clock, environment }: { clock: Clock; environment: Environment },
): SubjectTokenSource {
  if (environment[ALLOW] !== '1') {
    throw new ConfigError([
      `${ALLOW}: must be 1, because the credential has an executable run; set it only if you trust the credential's origin`,
    ]);
  }
  const { audience, subject_token_type, impersonation } = account;
  const variables: Environment = {
    ...environment,
    GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE: audience,
    GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE: subject_token_type,
    GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE: '0',
    GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL: impersonation?.service_account,
    GOOGLE_EXTERNAL_ACCOUNT_OUTPUT_FILE: output_file,
  };

  function read(text: string): string {
    return readExecutableResponse(text, {
      subject_token_type,
      must_expire: output_file !== undefined,
      clock,
    });
  }

  /**
   * Of no use is an error too, where AIP-4117 wants to stop: a file that another process is just writing, or that an
   * earlier configuration left, would stop us for as long as it lies there.
   */
  async function readOutputFile(path: string): Promise<string | undefined> {
    try {
      return read(await readBoundedFile('output_file', path, MAX_BYTES));
    } catch (error) {
      if (error instanceof Malfunction) return undefined;
      throw error;
    }
  }

  return {
    limit_ms: timeout_millis,
    async fetchSubjectToken(signal) {
      const kept = output_file === undefined ? undefined : await readOutputFile(output_file);
      if (kept !== undefined) return kept;
      const output = await withinTime(
        timeout_millis,
        (late) =>
          runExecutable(command, {
            environment: variables,
            max_bytes: MAX_BYTES,
            signal: AbortSignal.any([signal, late]),
          }),
        () => new Malfunction(`the executable did not end within ${timeout_millis} ms`),
      );
      return read(output);
    },
  };
}
