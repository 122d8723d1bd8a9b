import type { Actor } from './identity.ts';
import type { JsonValue } from './json.ts';
import type { RefusalCode } from './refusal.ts';

/**
 * One decision of policy-evaluator, as it goes to the audit log and, under `authz`, to Kong's log plugins.
 * It holds no token, no header, no query string and no claim but those the config lists.
 */
export type AuditEntry = {
  /** RFC 3339, UTC, with milliseconds. */
  time: string;
  decision: 'allow' | 'deny';
  /** The refusal's code; null on an allow. */
  code: RefusalCode | null;
  /**
   * In `shadow` the rest is what would have been, and the request went on; but for `missing_token` and `verdict_missing`,
   * which refuse in either mode.
   */
  mode: 'enforce' | 'shadow';
  /** The rule that decided, or whose evaluation failed; null on a default deny and where no rule was reached. */
  rule: string | null;
  /** The grant without which the deciding rule would not have matched. */
  grant: string | null;
  /** The service account that the deciding rule names. */
  run_as?: string;
  /** The shadow rules that matched or could not be evaluated, 32 at most, in the order of the policy. */
  shadow?: AuditedShadowRule[];
  /** Content hash of the policy: `sha256:` and 64 hex digits. */
  policy_version: string;
  /** Null for a request without a verified identity. */
  identity: AuditedIdentity | null;
  token: { jti: string | null; fingerprint: string } | null;
  method: string;
  /** The normalized path, without the query; its first 1,024 characters and `…` where it is longer. */
  path: string;
  /** The route's name, or its id where it has none. */
  route: string;
  labels: { [name: string]: string };
  client_ip?: string;
  /** The trace-id of the request's `traceparent` (W3C Trace Context §3.2.2.3): 32 hex digits. */
  trace_id?: string;
  /** Why the policy could not be evaluated or the request was malformed, in words of the policy and this program only. */
  error?: string;
  /** How long deciding took, in milliseconds, to the microsecond. */
  duration_ms: number;
};

export type AuditedShadowRule = {
  rule: string;
  effect: 'allow' | 'deny';
  /** Why it could not be evaluated; absent where it matched. */
  error?: string;
};

export type AuditedIdentity = {
  subject: string;
  issuer: string;
  actor: Actor | null;
  /** The claims that `audit.fields` lists, by the name used there; a claim the token lacks is left out. */
  claims: { [name: string]: JsonValue };
};
