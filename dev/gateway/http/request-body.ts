import type { IncomingMessage } from 'node:http';

const BUFFER_BYTES = 8192;

export type Body = { kind: 'memory'; bytes: Buffer } | { kind: 'file'; bytes: Buffer };

/**
 * The body of a request. nginx keeps a small one in memory and writes a larger one to a file, and
 * plugins can read only the first kind.
 */
export class RequestBody {
  readonly #message: IncomingMessage;
  #read: Promise<Body> | undefined;
  #replacement: Buffer | undefined;

  constructor(message: IncomingMessage) {
    this.#message = message;
  }

  /** Reads all of it, once. */
  read(): Promise<Body> {
    if (this.#replacement !== undefined) {
      return Promise.resolve({ kind: 'memory', bytes: this.#replacement });
    }
    this.#read ??= this.#readAll();
    return this.#read;
  }

  replace(bytes: Buffer): void {
    this.#replacement = bytes;
  }

  get isReplaced(): boolean {
    return this.#replacement !== undefined;
  }

  async #readAll(): Promise<Body> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.#message) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    return { kind: bytes.length > this.#mostInMemory() ? 'file' : 'memory', bytes };
  }

  /** With a known length nginx stretches its buffer by a quarter rather than use a file. */
  #mostInMemory(): number {
    const isSized = this.#message.headers['content-length'] !== undefined;
    return isSized ? BUFFER_BYTES + BUFFER_BYTES / 4 - 1 : BUFFER_BYTES;
  }
}
