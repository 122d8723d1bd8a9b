import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import type { SharedEntry, SharedState, SharedSubscription } from '../../core/shared-state.ts';
import type { VerifiedToken } from '../token/verified-token.ts';
import { REVOCATIONS_CHANNEL } from './revocation.ts';
import { createRevocationBook, type RevocationBook } from './revocation-book.ts';

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
  /** Waits for that, within bounds. */
  becomeCurrent(): Promise<void>;
  isRevoked(token: VerifiedToken): boolean;
}

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

  function apply(entry: SharedEntry): void {
    if (book.apply(entry) || isReported) return;
    isReported = true;
    try {
      logger.error(
        { full: book.isFull },
        book.isFull
          ? 'too many revocations are in force; all tokens issued before the latest are refused'
          : 'a revocation that this version does not understand was passed over',
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
      return {
        isCurrent: () => followed.every((subscription) => subscription.isCurrent()),
        async becomeCurrent() {
          let timer: NodeJS.Timeout | undefined;
          const timeIsUp = new Promise<void>((resolve) => {
            timer = setTimeout(resolve, timeout_ms);
          });
          const current = Promise.all(followed.map((subscription) => subscription.current()));
          await Promise.race([current, timeIsUp]);
          clearTimeout(timer);
        },
        isRevoked: ({ claims, issuer }) => book.isRevoked(claims, issuer.issuer),
      };
    },
  };
}
