import { connect, type Socket } from 'node:net';

export interface PoolOptions {
  /** How long connecting, sending and each read may take (`lua_socket_*_timeout`, 60 s). */
  timeoutMs: number;
  /** How long an idle connection is kept (`lua_socket_keepalive_timeout`, 60 s). */
  keepaliveMs: number;
  /** How many idle connections are kept (`lua_socket_pool_size`, 256 in Kong). */
  size: number;
}

export const KONG_POOL: PoolOptions = { timeoutMs: 60_000, keepaliveMs: 60_000, size: 256 };

/** Bytes that came, or why none did: `timeout`, `closed`, or what the system says. */
export type Received = { data: Buffer } | { error: string };

/**
 * Connections to one unix socket, kept and reused as Kong keeps them: each call takes the connection
 * that was put back last, or opens one.
 */
export class SocketPool {
  readonly #path: string;
  readonly #options: PoolOptions;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();
  #isClosed = false;

  constructor(path: string, options: PoolOptions) {
    this.#path = path;
    this.#options = options;
  }

  /** @returns a connection that nobody else uses, or why there is none */
  async acquire(): Promise<Connection | string> {
    const idle = this.#idle.pop();
    if (idle !== undefined) {
      idle.wake();
      return idle;
    }
    if (this.#isClosed) return 'closed';
    return await this.#open();
  }

  #open(): Promise<Connection | string> {
    return new Promise((resolve) => {
      // A server that has ended its side may still be written to until the request is over.
      const socket = connect({ path: this.#path, allowHalfOpen: true });
      const timer = setTimeout(() => fail('timeout'), this.#options.timeoutMs);
      const fail = (reason: string) => {
        clearTimeout(timer);
        socket.destroy();
        resolve(reason);
      };
      const onError = (error: NodeJS.ErrnoException) => fail(describe(error));
      socket.once('error', onError);
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.off('error', onError);
        const connection = new Connection(socket, this.#options, {
          onKeep: () => this.#keep(connection),
          onClose: () => this.#forget(connection),
        });
        this.#all.add(connection);
        if (this.#isClosed) connection.destroy();
        resolve(connection);
      });
    });
  }

  #keep(connection: Connection): void {
    this.#idle.push(connection);
    if (this.#idle.length > this.#options.size) this.#idle.shift()?.destroy();
  }

  #forget(connection: Connection): void {
    this.#all.delete(connection);
    const index = this.#idle.indexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of [...this.#all]) connection.destroy();
  }
}

function describe(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'no such file or directory';
  if (error.code === 'ECONNREFUSED') return 'connection refused';
  if (error.code === 'ECONNRESET') return 'connection reset by peer';
  if (error.code === 'EPIPE') return 'broken pipe';
  return error.message;
}

export class Connection {
  readonly #socket: Socket;
  readonly #options: PoolOptions;
  readonly #hooks: { onKeep: () => void; onClose: () => void };
  readonly #chunks: Buffer[] = [];
  #isClosed = false;
  #isIdle = false;
  /** Why nothing more will be read, once that is so. */
  #ending: string | undefined;
  #wakeReader: (() => void) | undefined;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(
    socket: Socket,
    options: PoolOptions,
    hooks: { onKeep: () => void; onClose: () => void },
  ) {
    this.#socket = socket;
    this.#options = options;
    this.#hooks = hooks;
    socket.on('data', (chunk) => {
      // Nothing may come on an idle connection: a late answer would be taken for the next one's.
      if (this.#isIdle) this.destroy();
      else this.#chunks.push(chunk);
      this.#wakeReader?.();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#ending ??= describe(error);
      this.destroy();
    });
    socket.on('end', () => {
      this.#ending ??= 'closed';
      if (this.#isIdle) this.destroy();
      else this.#wakeReader?.();
    });
    socket.on('close', () => this.destroy());
  }

  /** @returns whether the bytes could be given to the socket */
  send(bytes: Buffer): boolean {
    if (this.#isClosed) return false;
    this.#socket.write(bytes);
    return true;
  }

  /** The next bytes; what came before the other side closed is given first. */
  async receive(): Promise<Received> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) return { data: chunk };
    if (this.#ending !== undefined || this.#isClosed) return { error: this.#ending ?? 'closed' };
    const isTimedOut = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(true), this.#options.timeoutMs);
      this.#wakeReader = () => {
        clearTimeout(timer);
        resolve(false);
      };
    });
    this.#wakeReader = undefined;
    return isTimedOut ? { error: 'timeout' } : await this.receive();
  }

  /** Gives the connection back; with bytes still to be read it is of no use and is closed. */
  keep(): void {
    if (this.#isClosed) return;
    if (this.#chunks.length > 0 || this.#ending !== undefined) {
      this.destroy();
      return;
    }
    this.#isIdle = true;
    this.#idleTimer = setTimeout(() => this.destroy(), this.#options.keepaliveMs);
    this.#hooks.onKeep();
  }

  wake(): void {
    this.#isIdle = false;
    clearTimeout(this.#idleTimer);
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#idleTimer);
    this.#socket.destroy();
    this.#hooks.onClose();
    this.#wakeReader?.();
  }
}
