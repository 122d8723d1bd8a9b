import type { Outcome } from './judge-record.ts';

export const KINDS = ['deny -> allow', 'allow -> deny', 'rule changed'] as const;
export type ChangeKind = (typeof KINDS)[number];

/** A request that the new policy decides in another way than the old. */
export interface Change {
  readonly kind: ChangeKind;
  /** The test that asks for it, or `audit`. */
  readonly source: string;
  readonly subject: string | null;
  readonly method: string;
  readonly path: string;
  readonly route: string;
  readonly before: Outcome;
  readonly after: Outcome;
  /** How many records of the audit log are alike. */
  count: number;
}

function kindOf(before: Outcome, after: Outcome): ChangeKind | null {
  if (before.decision !== after.decision) {
    return after.decision === 'allow' ? 'deny -> allow' : 'allow -> deny';
  }
  return before.rule === after.rule && before.code === after.code ? null : 'rule changed';
}

/** A log may hold millions of requests, no two of them alike. */
const MOST_CHANGES = 10_000;

/** Collects changes, alike ones together, in a bounded room. */
export class Changes {
  readonly #changes = new Map<string, Change>();
  readonly totals: Record<ChangeKind, number> = {
    'deny -> allow': 0,
    'allow -> deny': 0,
    'rule changed': 0,
  };

  add(change: Omit<Change, 'count' | 'kind'>): boolean {
    const kind = kindOf(change.before, change.after);
    if (kind === null) return false;
    this.totals[kind] += 1;
    const key = JSON.stringify(change);
    const known = this.#changes.get(key);
    if (known !== undefined) known.count += 1;
    else if (this.#changes.size < MOST_CHANGES)
      this.#changes.set(key, { ...change, kind, count: 1 });
    return true;
  }

  get any(): boolean {
    return KINDS.some((kind) => this.totals[kind] > 0);
  }

  /** What admits someone anew comes first, and the most frequent of each kind. */
  list(): Change[] {
    return [...this.#changes.values()].sort(
      (a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || b.count - a.count,
    );
  }
}
