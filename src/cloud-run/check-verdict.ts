import { DEFAULT_REALM, type Refusal } from '../core/refusal.ts';
import type { Handoff } from '../core/request.ts';
import type { CloudRunConfig } from './config.ts';

/**
 * Whether the earlier stages left the verdict without which no ID token is minted.
 *
 * @returns undefined where they did, else the refusal
 */
export function checkVerdict(
  require: CloudRunConfig['require'],
  { authenticated_identity: identity, policy_decision: decision }: Handoff,
): Refusal | undefined {
  if (decision !== undefined && decision.outcome !== 'allow') {
    return missing('The policy decision on this request is not an allow.');
  }
  if (decision?.run_as !== undefined) {
    // By its own account this stage might do what the rule meant to keep from the caller.
    return {
      code: 'invalid_config',
      detail: 'The deciding rule has run_as, and cloud-run-token cannot impersonate an account.',
    };
  }
  if (require === 'decision') {
    return decision === undefined
      ? missing('There is no policy decision on this request.')
      : undefined;
  }
  switch (identity?.outcome) {
    case 'authenticated':
      return undefined;
    case 'anonymous':
      return { code: 'missing_token', challenge: { realm: DEFAULT_REALM } };
    default:
      return missing('There is no verified identity on this request.');
  }
}

function missing(detail: string): Refusal {
  return { code: 'verdict_missing', detail };
}
