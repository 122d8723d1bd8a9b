import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { encodeFrame, FrameReader } from '../../../src/plugin-server/protocol/frame.ts';
import { messageCodec } from '../../../src/plugin-server/protocol/schema.ts';
import { answerCall, type KongRequest, type Shared } from './answer-call.ts';

const CALL = messageCodec('RpcCall');
const RETURN = messageCodec('RpcReturn');
const MOST_BYTES = 1 << 24;

/** One of Kong's connections to a plugin server: one call at a time, and each PDK call answered in its order. */
export class KongConnection {
  /** PDK calls that were made, and reads in which they and all else came. */
  pdkCalls = 0;
  reads = 0;
  readonly #path: string;
  #socket: Socket | undefined;
  #reader = new FrameReader(MOST_BYTES);
  #sequence = 0;
  #frame: ((frame: Buffer) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** @returns the id of the instance */
  async startInstance(name: string, config: string): Promise<number> {
    const call = { cmd_start_instance: { name, config: Buffer.from(config) } };
    const { instance_status } = RETURN.decode(
      await this.#call(call, (frame, resolve) => resolve(frame)),
    );
    const id = (instance_status as { instance_id?: number } | undefined)?.instance_id;
    if (id === undefined) throw new Error(`the instance of ${name} was not started`);
    return id;
  }

  /** Runs a plugin in the access phase, and says whether the request goes on. */
  handleEvent(id: number, request: KongRequest, shared: Shared): Promise<'continued' | 'refused'> {
    const call = { cmd_handle_event: { instance_id: id, event_name: 'access' } };
    let method: string | undefined;
    let isOver = false;
    return this.#call(call, (frame, resolve) => {
      if (isOver) {
        if (Number(RETURN.decode(frame).sequence) !== this.#sequence) {
          throw new Error('the return of another call');
        }
        resolve('continued');
      } else if (method !== undefined) {
        this.#reply(answerCall(method, frame, request, shared));
        method = undefined;
      } else if (frame.length === 0) {
        isOver = true;
      } else if (frame.equals(EXIT)) {
        this.pdkCalls += 1;
        // Kong leaves the phase at once, and the connection cannot be used again.
        this.close();
        resolve('refused');
      } else {
        this.pdkCalls += 1;
        method = frame.toString();
      }
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#reader = new FrameReader(MOST_BYTES);
  }

  async #call<T>(
    call: Record<string, unknown>,
    take: (frame: Buffer, resolve: (value: T) => void) => void,
  ): Promise<T> {
    const socket = this.#socket ?? (await this.#connect());
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      this.#frame = (frame) => {
        try {
          take(frame, resolve);
        } catch (error) {
          reject(error);
        }
      };
      this.#sequence += 1;
      socket.write(encodeFrame(CALL.encode({ sequence: this.#sequence, ...call })));
    });
  }

  /** Each by itself, as Kong does. */
  #reply(payload: Uint8Array): void {
    this.#socket?.write(encodeFrame(payload));
  }

  async #connect(): Promise<Socket> {
    const socket = connect({ path: this.#path });
    await once(socket, 'connect');
    socket.on('data', (chunk: Buffer) => {
      this.reads += 1;
      this.#reader.push(chunk);
      while (this.#socket === socket) {
        const frame = this.#reader.next();
        if (frame === undefined) return;
        this.#frame?.(frame);
      }
    });
    socket.on('error', (error) => this.#reject?.(error));
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
      this.#reject?.(new Error('the plugin server has closed the connection'));
    });
    this.#socket = socket;
    return socket;
  }
}

const EXIT = Buffer.from('kong.response.exit');
