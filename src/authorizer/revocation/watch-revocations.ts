import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import type { SharedEntry, SharedState, SharedSubscription } from '../../core/shared-state.ts';
import type { VerifiedToken } from '../token/verified-token.ts';
import { REVOCATIONS_CHANNEL } from './revocation.ts';
import { createRevocationBook, type RevocationBook } from './revocation-book.ts';
import { fromEntry } from './revocation-entry.ts';

/** The process's one book of revocations, and from where it hears of them. */
export interface RevocationWatcher {
  book: RevocationBook;
  /**
   * Hears of what is published in these states from now on. The book is one for all: what any route learns of counts for
   * every other.
   *
   * @param timeout_ms how long a request may wait before it can be said what is revoked
   */
  watch(states: readonly SharedState[], timeout_ms: number): RevocationWatch;
}

export interface RevocationWatch {
  /** Whether all that has been revoked is known. */
  isCurrent(): boolean;
  /**
   * Waits for that, within bounds. Where that was in vain, nobody waits again before it is known.
   *
   * @returns whether it is known now
   */
  becomeCurrent(): Promise<boolean>;
  isRevoked(token: VerifiedToken): boolean;
}

/** Enough to read what is there; Redis that takes longer is in trouble. */
const MOST_WAIT_MS = 1000;

export function createRevocationWatcher({
  clock,
  logger,
}: {
  clock: Clock;
  logger: Logger;
}): RevocationWatcher {
  const book = createRevocationBook({ clock });
  const subscriptions = new WeakMap<SharedState, SharedSubscription>();
  let isReported = false;
  /** Until when something is in force that nobody here can read. */
  let blind_until_ms = Number.NEGATIVE_INFINITY;

  function apply(entry: SharedEntry): void {
    if (book.apply(entry)) return;
    const isUnreadable = fromEntry(entry) === null;
    if (isUnreadable) blind_until_ms = Math.max(blind_until_ms, entry.expires_at_ms);
    if (isReported) return;
    isReported = true;
    try {
      logger.error(
        {},
        isUnreadable
          ? 'a revocation cannot be read by this version; all requests are refused until it has expired'
          : 'too many revocations are in force; all tokens issued before the latest are refused',
      );
    } catch {}
  }

  function follow(state: SharedState): SharedSubscription {
    let subscription = subscriptions.get(state);
    if (subscription === undefined) {
      subscription = state.subscribe(REVOCATIONS_CHANNEL, apply);
      subscriptions.set(state, subscription);
    }
    return subscription;
  }

  return {
    book,
    watch(states, timeout_ms) {
      const followed = states.map(follow);
      const isCurrent = () =>
        blind_until_ms <= clock() && followed.every((subscription) => subscription.isCurrent());
      let hasGivenUp = false;
      return {
        isCurrent,
        async becomeCurrent() {
          if (hasGivenUp || blind_until_ms > clock()) return isCurrent();
          let timer: NodeJS.Timeout | undefined;
          const timeIsUp = new Promise<void>((resolve) => {
            timer = setTimeout(resolve, Math.min(timeout_ms, MOST_WAIT_MS));
          });
          const current = Promise.all(followed.map((subscription) => subscription.current()));
          await Promise.race([current, timeIsUp]);
          clearTimeout(timer);
          if (isCurrent()) return true;
          hasGivenUp = true;
          void current.then(() => {
            hasGivenUp = false;
          });
          return false;
        },
        isRevoked: ({ claims, issuer }) => book.isRevoked(claims, issuer.issuer),
      };
    },
  };
}
