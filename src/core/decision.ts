import type { RefusalCode } from './refusal.ts';

/** What policy-evaluator leaves on a request, and what its audit record says. */
export interface PolicyDecision {
  outcome: 'allow' | 'deny';
  /** The refusal's code; null on an allow. */
  code: RefusalCode | null;
  /** Name of the rule that decided; null where none matched (default deny) or none could be evaluated. */
  rule: string | null;
  /** Name of the grant without which the deciding rule would not have matched; null where none was needed. */
  grant: string | null;
  /** Content hash of the policy that decided: `sha256:` and 64 hex digits. */
  policy_version: string;
  /** The policy only watches: the request goes on whatever it says, which its audit record tells. */
  mode?: 'shadow';
  /** E-mail of the service account by which this request is to reach the upstream; the route's own where it is absent. */
  run_as?: string;
}
