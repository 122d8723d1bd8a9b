import { LRUCache } from 'lru-cache';
import type { KeyLimits, KeyState } from './key-state.ts';
import type { KeySource } from './load-keys.ts';
import { type RefreshDependencies, type RefreshReason, refreshKeys } from './refresh-keys.ts';

/** One issuer's keys, as all who ask for them share them. */
export interface KeyEntry {
  /** Undefined before the first fetch has ended. A failure is a state as well, so that its cooldown is remembered. */
  state: KeyState | undefined;
  /** The fetch under way. */
  refreshing: Promise<void> | undefined;
  /** The longest `timeout_ms` of those who have asked since the last fetch began: the hasty must not spoil it for all. */
  patience_ms: number;
}

export interface KeyEntries {
  entryFor(source: KeySource, limits: KeyLimits): KeyEntry;
  /**
   * Fetches an issuer's keys anew, or joins the fetch under way; what was known before stays in place until it ends.
   * May be left to itself, as it never rejects.
   */
  refresh(
    entry: KeyEntry,
    source: KeySource,
    limits: KeyLimits,
    reason: RefreshReason,
  ): Promise<void>;
}

/** Bounds what a long series of config changes can leave behind. */
const MAX_SOURCES = 1000;

export function createKeyEntries(dependencies: RefreshDependencies): KeyEntries {
  const entries = new LRUCache<string, KeyEntry>({ max: MAX_SOURCES });
  /** Configs live long, and each is asked for with every request. */
  const ids = new WeakMap<KeySource, string>();

  function idOf(source: KeySource): string {
    let id = ids.get(source);
    if (id === undefined) {
      id = JSON.stringify([source.issuer, source.jwks_uri ?? null]);
      ids.set(source, id);
    }
    return id;
  }

  async function fetchInto(
    entry: KeyEntry,
    source: KeySource,
    limits: KeyLimits,
    reason: RefreshReason,
  ): Promise<void> {
    const timeout_ms = Math.max(entry.patience_ms, limits.timeout_ms);
    entry.patience_ms = 0;
    try {
      entry.state = await refreshKeys(source, { reason, timeout_ms }, entry.state, dependencies);
    } finally {
      entry.refreshing = undefined;
    }
  }

  return {
    entryFor(source, { timeout_ms }) {
      const id = idOf(source);
      let entry = entries.get(id);
      if (entry === undefined) {
        entry = { state: undefined, refreshing: undefined, patience_ms: 0 };
        entries.set(id, entry);
      }
      if (entry.patience_ms < timeout_ms) entry.patience_ms = timeout_ms;
      return entry;
    },
    refresh(entry, source, limits, reason) {
      entry.refreshing ??= fetchInto(entry, source, limits, reason);
      return entry.refreshing;
    },
  };
}
