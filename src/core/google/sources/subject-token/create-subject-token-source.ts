import type { Clock } from '../../../clock.ts';
import type { ExternalAccount } from '../../credentials/parse-external-account.ts';
import type { Environment } from '../../environment.ts';
import { createAwsSource } from './aws.ts';
import { createExecutableSource } from './executable.ts';
import { createFileSource } from './file.ts';
import type { SubjectTokenSource } from './subject-token-source.ts';
import { createUrlSource } from './url.ts';

/** @throws ConfigError where the environment lacks what the source needs */
export function createSubjectTokenSource(
  account: ExternalAccount,
  { clock, environment }: { clock: Clock; environment: Environment },
): SubjectTokenSource {
  const { source } = account;
  switch (source.kind) {
    case 'file':
      return createFileSource(source);
    case 'url':
      return createUrlSource(source);
    case 'aws':
      return createAwsSource(source, account.audience, environment);
    case 'executable':
      return createExecutableSource(source, account, { clock, environment });
  }
}
