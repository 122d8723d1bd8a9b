import type { Policy } from '../policy.ts';

/** Where a policy and its grants come from: the fields of the config that say so. */
export interface PolicySourceSettings {
  /** Exactly one of these three is set. */
  readonly policy?: string | undefined;
  readonly policy_file?: string | undefined;
  readonly policy_url?: string | undefined;
  readonly bundle_keys?: readonly string[] | undefined;
  readonly poll_seconds?: number | undefined;
  readonly policy_cache_dir?: string | undefined;
  readonly grants_file?: string | undefined;
  readonly grant_keys?: readonly string[] | undefined;
}

/** A policy that may change while it is in use. */
export interface PolicySource {
  /**
   * The version in force: the newest one that is good. The same object until there is another.
   *
   * @throws ConfigError where there has been no good one yet; ask again with the next request
   */
  current(): Policy;
  /**
   * Resolves once all that it consists of has been looked at for the first time, good or not, in seconds at most.
   * Before that `current()` may lack the policy of a URL and the signed grants. Never rejects.
   */
  ready(): Promise<void>;
}

/** Something outside of this process that is looked at again and again. */
export interface Watched<T> {
  /** The newest that was good. */
  readonly value: T | undefined;
  /** Why what is there now is not in force; null where it is. */
  readonly problems: readonly string[] | null;
  /** Resolves once it was looked at for the first time. */
  readonly ready: Promise<void>;
  /** How long to wait before looking again. */
  delayMs(): number;
  /** Looks again. Never rejects; one that is asked for while another is under way is that one. */
  poll(): Promise<void>;
}
