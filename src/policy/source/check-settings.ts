import { ConfigError } from '../../core/config-error.ts';
import type { PolicySourceSettings } from './policy-source.ts';

/** @throws ConfigError where fields contradict or lack one another */
export function checkSettings(settings: PolicySourceSettings): void {
  const { policy, policy_file, policy_url } = settings;
  const problems: string[] = [];
  const named = [policy, policy_file, policy_url].filter((one) => one !== undefined);
  if (named.length !== 1) {
    problems.push('config: exactly one of policy, policy_file and policy_url is required');
  }
  const needs = [
    ['bundle_keys', 'policy_url'],
    ['policy_cache_dir', 'policy_url'],
    ['grant_keys', 'grants_file'],
  ] as const;
  for (const [field, other] of needs) {
    if (settings[field] !== undefined && settings[other] === undefined) {
      problems.push(`config.${field}: means nothing without ${other}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
}
