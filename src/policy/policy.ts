import type { Attribute } from '../core/request.ts';
import type { Expression } from './cel/compile-expression.ts';
import type { PolicyTest } from './document/schema.ts';

export interface Rule {
  readonly name: string;
  /** Where it stands in the policy: `policy.yaml:12:5`. */
  readonly location: string;
  readonly effect: 'allow' | 'deny';
  readonly when: Expression;
  readonly description: string | null;
  /** Set upstream where the rule allows. */
  readonly headers: Readonly<Record<string, string>>;
  /** The service account to reach the upstream by where the rule allows. */
  readonly run_as: string | null;
  /** The login with which the client may try again where the rule denies (RFC 9470). */
  readonly step_up: StepUp | null;
}

export interface StepUp {
  /** Authentication context classes that would do; empty where any would. */
  readonly acr_values: readonly string[];
  /** Seconds that the authentication may be old. */
  readonly max_age: number | null;
}

/**
 * Temporary membership of a role, or the word of one rule that allows. Instants are milliseconds since the Unix epoch.
 */
export interface Grant {
  readonly name: string;
  /** Exactly one of subject and group is set; both are compared literally. */
  readonly subject: string | null;
  readonly group: string | null;
  /** Where set, only identities of this issuer are meant. */
  readonly issuer: string | null;
  /** Exactly one of role and rule is set. */
  readonly role: string | null;
  /** This rule counts as matched whatever its condition says. */
  readonly rule: string | null;
  /** How many requests may be allowed by it; null for any number. */
  readonly max_uses: number | null;
  readonly not_before: number;
  readonly expires: number;
}

/** What the policy's expressions read of a request, beyond method, path and route, and the headers that its rules set. */
export interface Reads {
  readonly attributes: readonly Attribute[];
  /** Lower-case names. */
  readonly headers: readonly string[];
  readonly query: boolean;
}

/** A policy that has loaded: every expression compiled, every name resolved. */
export interface Policy {
  /** `sha256:` and the 64 hex digits of its text's hash. */
  readonly version: string;
  readonly roles: ReadonlyMap<string, Expression>;
  readonly deny: readonly Rule[];
  readonly allow: readonly Rule[];
  /** Rules of either effect that are evaluated and recorded, and decide nothing. */
  readonly shadow: readonly Rule[];
  /** Dates as `2026-12-25`, by the name of their calendar. */
  readonly holidays: ReadonlyMap<string, readonly string[]>;
  readonly grants: readonly Grant[];
  readonly reads: Reads;
  /** Headers that some rule sets, in lower case with `-`: from a client they do not pass, in any spelling. */
  readonly upstream_headers: readonly string[];
  readonly tests: readonly (PolicyTest & { location: string })[];
}
