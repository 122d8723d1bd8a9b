import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const HEAD_END = '\r\n\r\n';

/**
 * A connection that is kept alive, with one request at a time on it. It understands no more of HTTP than the two
 * gateways' answers need, because what it costs is taken from those who are measured.
 */
export class HttpConnection {
  readonly #port: number;
  #socket: Socket | undefined;
  #received = '';
  #resolve: ((status: number) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /**
   * @param request a whole request, as it goes on the wire
   * @returns the status of the answer, once that has been read to its end
   */
  async send(request: string): Promise<number> {
    const socket = this.#socket ?? (await this.#connect());
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      socket.write(request, 'latin1');
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  async #connect(): Promise<Socket> {
    const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true });
    socket.setEncoding('latin1');
    await once(socket, 'connect');
    socket.on('data', (text: string) => this.#receive(text));
    socket.on('error', (error) => this.#reject?.(error));
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
      this.#reject?.(new Error('the gateway has closed the connection before it answered'));
    });
    this.#socket = socket;
    return socket;
  }

  #receive(text: string): void {
    this.#received += text;
    const headEnd = this.#received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = this.#received.slice(0, headEnd);
    const bodyStart = headEnd + HEAD_END.length;
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined) {
      this.#reject?.(new Error(`an answer without Content-Length:\n${head}`));
      return;
    }
    if (this.#received.length < bodyStart + Number(length)) return;
    this.#received = '';
    if (/\r\nconnection: *close/i.test(head)) this.close();
    const resolve = this.#resolve;
    this.#resolve = undefined;
    this.#reject = undefined;
    resolve?.(Number(head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length)));
  }
}
