import { decodeMulti } from '@msgpack/msgpack';
import { fromJs } from '../../lua/from-js.ts';
import { LuaError } from '../../lua/lua-error.ts';
import type { LuaValue } from '../../lua/value.ts';
import type { Connection } from '../socket-pool.ts';

/** The messages at the start of some bytes, and whether anything is left behind them. */
function completeMessages(bytes: Buffer): { messages: LuaValue[]; isPartial: boolean } {
  const messages: LuaValue[] = [];
  try {
    for (const message of decodeMulti(bytes, { rawStrings: true })) messages.push(fromJs(message));
    return { messages, isPartial: false };
  } catch (error) {
    // The decoder runs over the end of its DataView: more bytes must come.
    if (error instanceof RangeError) return { messages, isPartial: true };
    throw new LuaError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Reads messages from a connection one after the other, whatever the chunks in which they come.
 */
export class MessageReader {
  readonly #connection: Connection;
  #bytes = Buffer.alloc(0);
  #messages: LuaValue[] = [];
  #isPartial = false;
  #taken = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * @returns the next message, or undefined when the other side closed or kept silent before it began
   * @throws LuaError for a message that is cut off or is not MessagePack
   */
  async next(): Promise<{ message: LuaValue } | undefined> {
    while (this.#messages.length <= this.#taken) {
      const received = await this.#connection.receive();
      if ('error' in received) {
        if (this.#isPartial) throw new LuaError('missing bytes');
        return undefined;
      }
      this.#bytes = Buffer.concat([this.#bytes, received.data]);
      const { messages, isPartial } = completeMessages(this.#bytes);
      this.#messages = messages;
      this.#isPartial = isPartial;
    }
    const message = this.#messages[this.#taken];
    this.#taken += 1;
    return { message };
  }

  /** Whether bytes were read that belong to no message handed out. */
  get hasLeftover(): boolean {
    return this.#isPartial || this.#messages.length > this.#taken;
  }
}
