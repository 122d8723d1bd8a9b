/** Each frame is a little-endian uint32, the length, and that many bytes. */
const LENGTH_BYTES = 4;

export function encodeFrame(payload: Uint8Array): Buffer {
  return encodeFrames([payload]);
}

/** Frames one after another, for one write. */
export function encodeFrames(payloads: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const payload of payloads) length += LENGTH_BYTES + payload.length;
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (const payload of payloads) {
    at = bytes.writeUInt32LE(payload.length, at);
    bytes.set(payload, at);
    at += payload.length;
  }
  return bytes;
}

export class FrameTooLongError extends Error {
  override readonly name = 'FrameTooLongError';

  constructor(length: number, maxBytes: number) {
    super(`a frame of ${length} bytes is longer than the ${maxBytes} that are allowed`);
  }
}

/** Takes frames out of a stream of bytes, keeping no more of an unfinished one than has arrived. */
export class FrameReader {
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #buffered = 0;
  /** Bytes that must be there before there is any sense in looking again. */
  #wanted = LENGTH_BYTES;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
  }

  get hasUnfinishedFrame(): boolean {
    return this.#buffered > 0;
  }

  /**
   * @returns the next frame's payload, or undefined until more bytes have come
   * @throws FrameTooLongError as soon as its length has been read
   */
  next(): Buffer | undefined {
    if (this.#buffered < this.#wanted) return undefined;
    const bytes = this.#joined();
    const length = bytes.readUInt32LE();
    if (length > this.#maxBytes) throw new FrameTooLongError(length, this.#maxBytes);
    const end = LENGTH_BYTES + length;
    if (bytes.length < end) {
      this.#wanted = end;
      return undefined;
    }
    const rest = bytes.subarray(end);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#buffered = rest.length;
    this.#wanted = LENGTH_BYTES;
    return bytes.subarray(LENGTH_BYTES, end);
  }

  #joined(): Buffer {
    const [first] = this.#chunks;
    if (this.#chunks.length === 1 && first !== undefined) return first;
    const joined = Buffer.concat(this.#chunks, this.#buffered);
    this.#chunks = [joined];
    return joined;
  }
}
