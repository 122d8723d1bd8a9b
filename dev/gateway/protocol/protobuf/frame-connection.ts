import type { Connection } from '../socket-pool.ts';

const LENGTH_BYTES = 4;

/** A frame's bytes, or why there is none. */
export type ReceivedFrame = { frame: Buffer } | { error: string };

/** Frames on a connection: a little-endian uint32 with the length, and that many bytes. */
export class FrameConnection {
  readonly #connection: Connection;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Length and payload go out as two writes, as from Kong.
   *
   * @returns whether the bytes could be given to the socket
   */
  send(payload: Buffer): boolean {
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(payload.length);
    if (!this.#connection.send(length)) return false;
    return payload.length === 0 || this.#connection.send(payload);
  }

  async receive(): Promise<ReceivedFrame> {
    const length = await this.#take(LENGTH_BYTES);
    if ('error' in length) return length;
    return await this.#take(length.frame.readUInt32LE());
  }

  async #take(length: number): Promise<ReceivedFrame> {
    const chunks = [this.#bytes];
    let count = this.#bytes.length;
    while (count < length) {
      const received = await this.#connection.receive();
      if ('error' in received) return received;
      chunks.push(received.data);
      count += received.data.length;
    }
    const all = chunks.length === 1 ? this.#bytes : Buffer.concat(chunks);
    this.#bytes = all.subarray(length);
    return { frame: all.subarray(0, length) };
  }

  /** Gives the connection back to the pool. With bytes left unread it is of no use to others. */
  keep(): void {
    if (this.#bytes.length > 0) this.#connection.destroy();
    else this.#connection.keep();
  }

  destroy(): void {
    this.#connection.destroy();
  }
}
