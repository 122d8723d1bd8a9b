import type { Clock } from '../clock.ts';
import { SharedStateUnavailable } from '../shared-state.ts';
import { checkClaim } from './check-claim.ts';
import { ExpiringTable } from './expiring-table.ts';

const MOST_CLAIMS = 500_000;

/** Clocks are rarely corrected by more; and so long, at a thousand claims a second, there is room. */
const KEPT_MS = 300_000;

/** The one-time values that were taken. Nothing in force is ever dropped. */
export class ClaimTable {
  readonly #clock: Clock;
  readonly #claims: ExpiringTable<undefined>;

  constructor({ clock, most = MOST_CLAIMS }: { clock: Clock; most?: number | undefined }) {
    this.#clock = clock;
    this.#claims = new ExpiringTable({ most, kept_ms: KEPT_MS });
  }

  /**
   * @returns as {@link SharedState.claim} does
   * @throws SharedStateUnavailable
   */
  claim(key: string, ttl_ms: number): boolean {
    checkClaim(key, ttl_ms);
    const now = this.#clock();
    const earlier = this.#claims.get(key);
    if (earlier !== undefined && earlier.expires_at_ms > now) return false;
    if (earlier === undefined) {
      // It may be one of those that were dropped when the clock said that they had expired.
      if (now < this.#claims.forgotten_until_ms) {
        throw new SharedStateUnavailable(
          'the clock was set back, and claims of then are forgotten',
        );
      }
      if (!this.#claims.hasRoom(now)) {
        throw new SharedStateUnavailable('as many claims are in force as are kept');
      }
    }
    this.#claims.set(key, undefined, now + ttl_ms, now);
    return true;
  }
}
