import { encodeFrames } from '../protocol/frame.ts';
import { EXIT_METHOD, type PdkCallSpec, pdkCall } from '../protocol/pdk-calls.ts';
import { PdkArgumentError, PdkEventOverError } from './pdk-error.ts';
import { PendingCall } from './pending-call.ts';

/** Ends an event; also the arguments of a function without any. */
const EMPTY = new Uint8Array(0);

/**
 * The PDK calls of one event. Calls that are made in the same turn travel in one write, and Kong's replies come in
 * the order of the calls. Calls that nobody awaits travel with the end of the event.
 */
export class EventCalls {
  readonly #write: (bytes: Buffer) => void;
  /** Payloads of frames. */
  #unsent: Uint8Array[] = [];
  #expected: PendingCall[] = [];
  #isFlushScheduled = false;
  /** Why no call can be made any more. */
  #over: string | undefined;
  #isEnded = false;
  /** Called when the plugin has answered the request. */
  onAnswer: () => void = () => {};
  /** PDK calls that were made, and writes in which they travelled. */
  made = 0;
  batches = 0;

  /** @param write sends whole frames to Kong */
  constructor(write: (bytes: Buffer) => void) {
    this.#write = write;
  }

  /** Whether Kong has been told that the request goes on. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Replies that Kong still owes. */
  get awaited(): number {
    return this.#expected.length;
  }

  /** @throws PdkArgumentError or PdkEventOverError at once, so that a call that nobody awaits cannot fail unseen */
  call(spec: PdkCallSpec, args: readonly unknown[]): PendingCall {
    const call = this.#enqueue(spec, args);
    this.#expected.push(call);
    return call;
  }

  /** `kong.response.exit`: Kong takes it, and never replies. */
  exit(args: readonly unknown[]): Promise<void> {
    this.#enqueue(pdkCall(EXIT_METHOD), args);
    this.#over = 'the request has been answered';
    this.#flush();
    this.onAnswer();
    return Promise.resolve();
  }

  /** Ends the event: what is unsent, the end, and the payload of the frame that comes after it, in one write. */
  end(after: Uint8Array): void {
    this.#over ??= 'the event is over';
    this.#isEnded = true;
    this.#unsent.push(EMPTY, after);
    this.#flush();
  }

  /** Takes back what has not been sent. */
  discardUnsent(over: string): void {
    this.#over = over;
    this.#fail(this.#expected.splice(this.#expected.length - this.#unsentCalls()), over);
    this.#unsent = [];
  }

  /** Makes a call after all others have been forbidden. */
  lastly(method: string, args: readonly unknown[]): void {
    this.#over = undefined;
    const spec = pdkCall(method);
    if (method === EXIT_METHOD) this.exit(args).catch(() => {});
    else this.call(spec, args);
  }

  /** Makes Kong fail the request with an error of this text, by asking for a function of this name. */
  failWith(text: string): void {
    this.#over = text;
    this.#unsent.push(Buffer.from(text), EMPTY);
    this.#flush();
  }

  /** @throws Error where Kong owes no reply */
  takeReply(reply: Buffer): void {
    const expected = this.#expected.shift();
    if (expected === undefined) throw new Error('a reply to nothing');
    expected.settle(reply);
  }

  /** Kong has gone away: nothing that was asked will be answered. */
  lose(): void {
    this.#over ??= 'Kong has closed the connection';
    this.#fail(this.#expected.splice(0), 'Kong has closed the connection');
    this.#unsent = [];
  }

  #fail(lost: PendingCall[], reason: string): void {
    for (const call of lost) call.settle(new PdkEventOverError(call.spec.method, reason));
  }

  #enqueue(spec: PdkCallSpec, args: readonly unknown[]): PendingCall {
    if (this.#over !== undefined) throw new PdkEventOverError(spec.method, this.#over);
    let encoded: Uint8Array;
    try {
      encoded = spec.encode(args);
    } catch (error) {
      const problem = error instanceof TypeError ? error.message : 'arguments that cannot be sent';
      throw new PdkArgumentError(spec.method, problem);
    }
    this.made += 1;
    this.#unsent.push(spec.name, encoded);
    return new PendingCall(spec, this.#demand);
  }

  /** Each call is two frames. */
  #unsentCalls(): number {
    return this.#unsent.length / 2;
  }

  readonly #demand = (): void => {
    if (this.#isFlushScheduled || this.#unsent.length === 0) return;
    this.#isFlushScheduled = true;
    // After all that this turn still has to run, so that the calls it makes go along.
    process.nextTick(() => {
      this.#isFlushScheduled = false;
      this.#flush();
    });
  };

  #flush(): void {
    if (this.#unsent.length === 0) return;
    const bytes = encodeFrames(this.#unsent);
    this.#unsent = [];
    this.batches += 1;
    this.#write(bytes);
  }
}
