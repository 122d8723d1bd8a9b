import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BUFFER_BYTES = 8192;

export type Body = { kind: 'memory'; bytes: Buffer } | { kind: 'file'; bytes: Buffer };

/**
 * The body of a request. nginx keeps a small one in memory and writes a larger one to a file, and
 * the PDK reads only the first kind.
 */
export class RequestBody {
  readonly #message: IncomingMessage;
  #read: Promise<Body> | undefined;
  #replacement: Buffer | undefined;
  #directory: string | undefined;

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

  /**
   * `ngx.req.get_body_file()`: a file with the body, where nginx would have one. It is written for
   * those who ask, and stays until `removeFile` is called.
   */
  async file(): Promise<string | undefined> {
    const { kind, bytes } = await this.read();
    if (kind === 'memory') return undefined;
    const isWritten = this.#directory !== undefined;
    this.#directory ??= mkdtempSync(join(tmpdir(), 'client-body-'));
    const path = join(this.#directory, 'body');
    if (!isWritten) writeFileSync(path, bytes, { mode: 0o600 });
    return path;
  }

  removeFile(): void {
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
    this.#directory = undefined;
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
