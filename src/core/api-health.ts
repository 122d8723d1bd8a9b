/** A request's place in the order in which they went out. */
type Ticket = number;

/**
 * Decides whether an API may be asked, so that an outage does not cost every request its timeout. After a failure it is
 * left alone for a second, or as long as it says; then one request may try while the others are turned away.
 */
export interface ApiHealth {
  isFailing(): boolean;
  /** How long to wait before asking; 0 where it may be asked now. */
  restMs(now_ms: number): number;
  /** Announces a request, which must end in `answered` or `failed`. Only where there is no rest. */
  begin(): Ticket;
  /** The API gave an answer, be it one that helps or not. */
  answered(ticket: Ticket): void;
  /**
   * @param told_ms how long the API asked to be left alone
   * @returns whether the API fails as a whole: not where it answered another request since this one went out
   */
  failed(ticket: Ticket, now_ms: number, told_ms?: number): boolean;
}

const REST_MS = 1000;
/** No API is left alone for longer. */
const MAX_REST_MS = 60_000;

export function createApiHealth(): ApiHealth {
  let begun: Ticket = 0;
  /** Requests up to this one were on their way when an answer came: that one of them fails tells nothing newer. */
  let heard: Ticket = 0;
  let failing = false;
  let rests_until_ms = 0;
  let told_until_ms = 0;
  let probe: Ticket | undefined;

  function end(ticket: Ticket): void {
    if (probe === ticket) probe = undefined;
  }

  return {
    isFailing: () => failing,
    restMs(now_ms) {
      const told_ms = timeLeft(told_until_ms, now_ms);
      if (told_ms > 0 || !failing) return told_ms;
      return probe === undefined ? timeLeft(rests_until_ms, now_ms) : REST_MS;
    },
    begin() {
      begun += 1;
      if (failing) probe = begun;
      return begun;
    },
    answered(ticket) {
      end(ticket);
      heard = begun;
      failing = false;
    },
    failed(ticket, now_ms, told_ms) {
      end(ticket);
      if (told_ms !== undefined) told_until_ms = Math.max(told_until_ms, now_ms + told_ms);
      if (ticket <= heard) return false;
      failing = true;
      rests_until_ms = now_ms + REST_MS;
      return true;
    },
  };
}

/** A moment that a clock since put back has moved into the far future is not a reason to wait for it. */
function timeLeft(until_ms: number, now_ms: number): number {
  const left_ms = until_ms - now_ms;
  return left_ms > MAX_REST_MS ? 0 : Math.max(0, left_ms);
}
