import { LRUCache } from 'lru-cache';

/** Keeps one client from using up the room for used proofs, which all clients share. */
export interface ProofBudget {
  /**
   * @param jkt the key that a good proof was made with
   * @returns false where that key has had its share for now
   */
  take(jkt: string, now_ms: number): boolean;
}

/** Of one key in one process: 160 a second all the time, which leaves room for others. */
const MOST_PROOFS = 100_000;
const PERIOD_MS = 600_000;
const MOST_KEYS = 10_000;

export function createProofBudget({ most = MOST_PROOFS }: { most?: number } = {}): ProofBudget {
  const taken = new LRUCache<string, { count: number; since_ms: number }>({ max: MOST_KEYS });
  return {
    take(jkt, now_ms) {
      const known = taken.get(jkt);
      if (known === undefined || Math.abs(now_ms - known.since_ms) >= PERIOD_MS) {
        taken.set(jkt, { count: 1, since_ms: now_ms });
        return true;
      }
      known.count += 1;
      return known.count <= most;
    },
  };
}
