import { Elsewhere, type PdkCallSpec } from '../protocol/pdk-calls.ts';
import { PdkError } from './pdk-error.ts';

/**
 * The result of a PDK call. It looks like a promise, but only asking for the result makes the call travel at once;
 * otherwise it waits for others to travel with, at the latest the end of the event. What nobody asks for is not decoded.
 */
export class PendingCall implements Promise<unknown> {
  readonly [Symbol.toStringTag] = 'PendingCall';
  readonly spec: PdkCallSpec;
  readonly #demand: () => void;
  #outcome: Uint8Array | Error | undefined;
  #promise: Promise<unknown> | undefined;
  #resolve: ((value: unknown) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;

  /** @param demand is called each time that somebody asks for the result */
  constructor(spec: PdkCallSpec, demand: () => void) {
    this.spec = spec;
    this.#demand = demand;
  }

  /** @param outcome Kong's reply, or why there is none */
  settle(outcome: Uint8Array | Error): void {
    this.#outcome = outcome;
    this.#tell();
  }

  // biome-ignore lint/suspicious/noThenProperty: being awaited is what it is for
  then<A = unknown, B = never>(
    onValue?: ((value: unknown) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#asked().then(onValue, onError);
  }

  catch<B = never>(onError?: ((error: unknown) => B | PromiseLike<B>) | null) {
    return this.then(undefined, onError);
  }

  finally(onEnd?: (() => void) | null): Promise<unknown> {
    return this.#asked().finally(onEnd);
  }

  #asked(): Promise<unknown> {
    this.#demand();
    this.#promise ??= new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#tell();
    return this.#promise;
  }

  #tell(): void {
    const outcome = this.#outcome;
    if (outcome === undefined || this.#resolve === undefined) return;
    if (outcome instanceof Error) {
      this.#reject?.(outcome);
      return;
    }
    try {
      const value = this.spec.decode(outcome);
      this.#resolve(value instanceof Elsewhere ? this.#fetch(value) : value);
    } catch (error) {
      this.#reject?.(this.#failure(error));
    }
  }

  async #fetch(value: Elsewhere): Promise<unknown> {
    try {
      return await value.fetch();
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #failure(error: unknown): PdkError {
    return new PdkError(
      this.spec.method,
      error instanceof Error ? error.message : 'a reply that is none',
    );
  }
}
