import { countCacheResult } from '../../core/cache-counters.ts';
import { ConfigError } from '../../core/config-error.ts';
import type { Logger } from '../../core/logger.ts';
import type { Policy } from '../policy.ts';
import { type Merged, mergeGrants } from './merge-grants.ts';
import type { PolicySource, Watched } from './policy-source.ts';
import { problemsOf } from './problems-of.ts';
import type { GrantsFile } from './read-grants.ts';
import { tell } from './tell.ts';

export interface CombinedSource extends PolicySource {
  /** Merges what is new, and tells of the grants that do not count, without waiting for a request. Never throws. */
  refresh(): void;
}

/** A policy together with the grants of a file, each in the version that is in force. */
export function combineSource(
  policy: Watched<Policy>,
  grants: Watched<GrantsFile> | null,
  logger: Logger,
): CombinedSource {
  let merged: { policy: Policy; file: GrantsFile; result: Policy } | undefined;
  let reported = '';

  function merge(base: Policy, file: GrantsFile): Policy {
    if (merged?.policy === base && merged.file === file) return merged.result;
    const { policy: result, problems } = mergeSafely(base, file);
    merged = { policy: base, file, result };
    report(problems, file.source.file);
    return result;
  }

  function report(problems: readonly string[], grants_file: string): void {
    const text = problems.join('\n');
    if (text === reported) return;
    reported = text;
    if (text === '') tell(logger, 'info', { grants_file }, 'all grants of the file count');
    else tell(logger, 'error', { grants_file, problems }, 'grants of the file are ignored');
  }

  return {
    current() {
      const base = policy.value;
      if (base === undefined) {
        countCacheResult('policies', 'failed');
        throw new ConfigError(policy.problems ?? ['config.policy_url: was not fetched yet']);
      }
      const isStale = policy.problems !== null || (grants !== null && grants.problems !== null);
      if (isStale) countCacheResult('policies', 'stale');
      return grants?.value === undefined ? base : merge(base, grants.value);
    },
    async ready() {
      await policy.ready;
      await grants?.ready;
    },
    refresh() {
      if (policy.value !== undefined && grants?.value !== undefined) {
        merge(policy.value, grants.value);
      }
    },
  };
}

/** Without the file's grants where they cannot be merged: a grant can only be missed. */
function mergeSafely(policy: Policy, file: GrantsFile): Merged {
  try {
    return mergeGrants(policy, file);
  } catch (error) {
    return { policy, problems: problemsOf(error, file.source.file) };
  }
}
