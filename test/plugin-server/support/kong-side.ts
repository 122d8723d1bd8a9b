import { connect, type Socket } from 'node:net';
import { encodeFrame, FrameReader } from '../../../src/plugin-server/protocol/frame.ts';
import { type Fields, messageCodec } from '../../../src/plugin-server/protocol/schema.ts';

const CALL = messageCodec('RpcCall');
const RETURN = messageCodec('RpcReturn');

/** A PDK call as the plugin server asks for it. */
export interface Asked {
  method: string;
  args: Buffer;
}

/** How an event ended, seen from Kong. */
export type Ending = { returned: Fields } | { exited: Asked } | { unknownMethod: string };

const EXIT = 'kong.response.exit';

/** Kong's side of one connection, for tests: it keeps every frame, and which chunk of bytes it came in. */
export class KongSide {
  readonly socket: Socket;
  readonly #reader = new FrameReader(1 << 28);
  readonly #frames: Buffer[] = [];
  #chunks = 0;
  #wake: (() => void) | undefined;
  #isClosed = false;
  #sequence = 100;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => {
      this.#chunks += 1;
      this.#reader.push(chunk);
      for (let frame = this.#reader.next(); frame; frame = this.#reader.next()) {
        this.#frames.push(frame);
      }
      this.#wake?.();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#isClosed = true;
      this.#wake?.();
    });
  }

  static connect(path: string): Promise<KongSide> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      socket.once('error', reject);
      socket.once('connect', () => resolve(new KongSide(socket)));
    });
  }

  /** Chunks of bytes that have come. */
  get chunks(): number {
    return this.#chunks;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(...payloads: Uint8Array[]): void {
    this.socket.write(Buffer.concat(payloads.map(encodeFrame)));
  }

  call(command: Fields): number {
    this.#sequence += 1;
    this.send(CALL.encode({ sequence: this.#sequence, ...command }));
    return this.#sequence;
  }

  /** @returns undefined once the plugin server has closed the connection */
  async frame(): Promise<Buffer | undefined> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined || this.#isClosed) return frame;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** @throws Error where the connection is closed instead */
  async returned(): Promise<Fields> {
    const frame = await this.frame();
    if (frame === undefined) throw new Error('closed');
    const message = RETURN.decode(frame);
    return { ...message, sequence: Number(message.sequence) };
  }

  async start(name: string, config: unknown): Promise<number> {
    this.call({ cmd_start_instance: { name, config: Buffer.from(JSON.stringify(config)) } });
    const { instance_status } = await this.returned();
    return Number((instance_status as Fields | undefined)?.instance_id);
  }

  /** Runs an event as Kong does, answering each call with the reply that is given for its name, else an empty one. */
  async event(
    instance_id: number,
    event_name: string,
    replies: Record<string, Uint8Array | ((asked: Asked) => Uint8Array)> = {},
  ): Promise<{ asked: Asked[]; ending: Ending }> {
    this.call({ cmd_handle_event: { instance_id, event_name } });
    const asked: Asked[] = [];
    for (;;) {
      const method = (await this.frame())?.toString();
      if (method === undefined) throw new Error('closed');
      if (method === '') return { asked, ending: { returned: await this.returned() } };
      const args = (await this.frame()) ?? Buffer.alloc(0);
      if (!method.startsWith('kong.')) return { asked, ending: { unknownMethod: method } };
      const call = { method, args };
      asked.push(call);
      if (method === EXIT) return { asked, ending: { exited: call } };
      const reply = replies[method] ?? new Uint8Array(0);
      this.send(typeof reply === 'function' ? reply(call) : reply);
    }
  }

  close(): void {
    this.socket.destroy();
  }

  async closed(): Promise<void> {
    while (!this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** A reply of one value under `v`, such as String, Int and Bool. */
export function reply(message: string, v: unknown): Uint8Array {
  return messageCodec(message).encode({ v });
}
