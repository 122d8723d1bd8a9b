import type { VerifyIdToken } from './verify-id-token.ts';

/**
 * Google refuses a token before its `exp` when the account behind it is disabled or its key is withdrawn. A test
 * says when.
 */
export interface TokenRevocation {
  /** the verifier, with what was rejected taken out of what it accepts */
  watch(verify: VerifyIdToken): VerifyIdToken;
  /** @param ms since the epoch; `iat` has whole seconds, and one that is earlier than this is refused */
  rejectMintedBefore(ms: number): void;
  /** refuses every token that was accepted up to now, whenever it was minted */
  rejectSeen(): void;
}

const KEPT_TOKENS = 1000;

export function createTokenRevocation(): TokenRevocation {
  let mintedBeforeMs = Number.NEGATIVE_INFINITY;
  let rejected = new Set<string>();
  const seen = new Set<string>();

  return {
    watch: (verify) => async (token) => {
      const verdict = await verify(token);
      if (verdict.outcome === 'deny') return verdict;
      if (rejected.has(token) || Number(verdict.claims.iat) * 1000 < mintedBeforeMs) {
        return { outcome: 'deny', reason: 'revoked' };
      }
      seen.delete(token);
      seen.add(token);
      for (const oldest of seen) {
        if (seen.size <= KEPT_TOKENS) break;
        seen.delete(oldest);
      }
      return verdict;
    },
    rejectMintedBefore: (ms) => {
      mintedBeforeMs = ms;
    },
    rejectSeen: () => {
      rejected = new Set([...rejected, ...seen]);
      seen.clear();
    },
  };
}
