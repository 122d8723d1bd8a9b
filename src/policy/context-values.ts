import type { Identity } from '../core/identity.ts';
import type { Attribute, RequestFacts } from '../core/request.ts';

/** What is known of a request's surroundings beside its token and the config. */
export interface ContextValues {
  /** Added to the labels of the config, which win where both have one of the same name. */
  readonly labels: ReadonlyMap<string, string>;
  /** Added to the groups of the token, for an identity that there is. */
  readonly groups: readonly string[];
}

/** Without it the request cannot be decided, so it is refused with `context_unavailable`. */
export interface ContextUnavailable {
  /** Why, for the audit record: holds no token, secret or claim value. */
  readonly unavailable: string;
  readonly retry_after_seconds: number;
}

export type ContextAnswer = ContextValues | ContextUnavailable;

/** Where a stage gets the values from that change while it runs. Bounds its own time. */
export interface ContextSource {
  /** What it has to know of the request, beside the identity. */
  readonly needs: readonly Attribute[];
  /**
   * @param identity null for a request without a verified identity
   * @returns at once where the answer is known, so that such a request need not wait
   */
  look(facts: RequestFacts, identity: Identity | null): ContextAnswer | Promise<ContextAnswer>;
}
