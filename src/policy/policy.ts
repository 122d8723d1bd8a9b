import type { Attribute } from '../core/request.ts';
import type { Expression } from './cel/compile-expression.ts';
import type { PolicyTest } from './document/schema.ts';

export interface Rule {
  readonly name: string;
  /** Where it stands in the policy: `policy.yaml:12:5`. */
  readonly location: string;
  readonly when: Expression;
}

/** Temporary membership of a role. Instants are milliseconds since the Unix epoch. */
export interface Grant {
  readonly name: string;
  /** Exactly one of subject and group is set; both are compared literally. */
  readonly subject: string | null;
  readonly group: string | null;
  /** Where set, only identities of this issuer are meant. */
  readonly issuer: string | null;
  readonly role: string;
  readonly not_before: number;
  readonly expires: number;
}

/** What the policy's expressions read of a request, beyond method, path and route. */
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
  readonly grants: readonly Grant[];
  readonly reads: Reads;
  readonly tests: readonly (PolicyTest & { location: string })[];
}
