/** What is to be stopped at the end, in reverse order, however the end comes. */
export class Cleanup {
  readonly #stops: (() => Promise<unknown>)[] = [];
  #isOver = false;

  /**
   * Waits for something to start and remembers to stop it. What has started only after the end is stopped at once.
   *
   * @throws Error after the end
   */
  async add<T extends { stop(): Promise<unknown> }>(starting: T | Promise<T>): Promise<T> {
    const started = await starting;
    if (this.#isOver) {
      await started.stop();
      throw new Error('interrupted');
    }
    this.#stops.push(() => started.stop());
    return started;
  }

  /** Stops all that was added, and goes on where one cannot be stopped. */
  async stop(): Promise<void> {
    this.#isOver = true;
    for (const stop of this.#stops.splice(0).reverse()) {
      await stop().catch((error: unknown) => {
        process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      });
    }
  }
}
