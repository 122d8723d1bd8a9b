export interface Listener {
  /** Milliseconds since it last gave a sign of life. */
  readonly silentMs: number;
  kill(): void;
}

interface Announcement {
  readonly unaware: Set<Listener>;
  readonly timer: NodeJS.Timeout;
  readonly onKnown: () => void;
}

/** A worker that keeps others waiting until it knows something, and gives no sign of life for so long, is ended. */
const SILENT_MS = 4_000;

/** What workers are being told, each by a number, until none is left that does not know it. */
export class Announcements {
  readonly #open = new Map<number, Announcement>();

  isOpen(id: number): boolean {
    return this.#open.has(id);
  }

  /**
   * @param to those that have been told, and are waited for
   * @param onKnown called once, when each of them knows it or has ended
   */
  begin(id: number, to: Iterable<Listener>, onKnown: () => void): void {
    const unaware = new Set(to);
    const timer = setInterval(() => {
      for (const late of unaware) if (late.silentMs > SILENT_MS) late.kill();
    }, SILENT_MS);
    this.#open.set(id, { unaware, timer, onKnown });
    this.#settle(id);
  }

  known(id: number, by: Listener): void {
    this.#open.get(id)?.unaware.delete(by);
    this.#settle(id);
  }

  ended(listener: Listener): void {
    for (const id of this.#open.keys()) this.known(id, listener);
  }

  #settle(id: number): void {
    const announcement = this.#open.get(id);
    if (announcement === undefined || announcement.unaware.size > 0) return;
    clearInterval(announcement.timer);
    this.#open.delete(id);
    announcement.onKnown();
  }
}
