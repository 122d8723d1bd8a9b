import { DEFAULT_REALM, type Refusal } from '../core/refusal.ts';
import type { Handoff } from '../core/request.ts';
import type { CloudRunConfig } from './config.ts';

export type Verdict =
  | { outcome: 'go'; run_as: string | undefined }
  | { outcome: 'refuse'; refusal: Refusal };

/** Whether the earlier stages left the verdict without which no ID token is minted, and for which account. */
export function checkVerdict(
  require: CloudRunConfig['require'],
  { authenticated_identity: identity, policy_decision: decision }: Handoff,
): Verdict {
  if (decision !== undefined && decision.outcome !== 'allow') {
    return missing('The policy decision on this request is not an allow.');
  }
  if (require === 'decision' && decision === undefined) {
    return missing('There is no policy decision on this request.');
  }
  if (require === 'identity' && identity?.outcome !== 'authenticated') {
    return identity?.outcome === 'anonymous'
      ? {
          outcome: 'refuse',
          refusal: { code: 'missing_token', challenge: { realm: DEFAULT_REALM } },
        }
      : missing('There is no verified identity on this request.');
  }
  return { outcome: 'go', run_as: decision?.run_as };
}

function missing(detail: string): Verdict {
  return { outcome: 'refuse', refusal: { code: 'verdict_missing', detail } };
}
