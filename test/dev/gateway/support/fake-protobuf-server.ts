import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeRpcCall, type RpcCall } from '../../../../src/plugin-server/protocol/rpc.ts';
import { messageCodec } from '../../../../src/plugin-server/protocol/schema.ts';
import { frameSplitter, toFrames } from './frames.ts';

export interface ReceivedFrame {
  connection: number;
  bytes: Buffer;
}

/** A connection as a plugin server sees it. */
export interface Session {
  socket: Socket;
  connection: number;
  /** Writes frames at once. */
  send(...payloads: (Uint8Array | string)[]): void;
  /** The next frame of the gateway, which must be asked for before it comes. */
  next(): Promise<Buffer>;
  /** Settles when the gateway has closed the connection. */
  closed: Promise<void>;
}

export type ReceivedCall = RpcCall & { connection: number };

export interface FakeProtobufServer {
  socket: string;
  /** Every frame that came. */
  frames: ReceivedFrame[];
  /** The calls among them. Of a server that takes frames only, nothing. */
  calls: ReceivedCall[];
  sessions: Session[];
  /** Stops listening and drops all connections; `listen` starts it again on the same socket. */
  kill(): Promise<void>;
  listen(): Promise<void>;
  stop(): Promise<void>;
}

/** What is done with a frame, or with a call when no frame is awaited. */
export type Handler =
  | { onFrame: (frame: ReceivedFrame, session: Session) => void }
  | { onCall: (call: ReceivedCall, session: Session) => unknown };

/** A ProtoBuf:1 plugin server that answers as a test says. */
export async function startFakeProtobufServer(handler: Handler): Promise<FakeProtobufServer> {
  const directory = mkdtempSync(join(tmpdir(), 'fake-protobuf-server-'));
  const path = join(directory, 'plugins.sock');
  const frames: ReceivedFrame[] = [];
  const calls: ReceivedCall[] = [];
  const sessions: Session[] = [];
  const open = new Set<Socket>();

  const serve = (socket: Socket) => {
    const connection = sessions.length + 1;
    const waiting: ((frame: Buffer) => void)[] = [];
    const session: Session = {
      socket,
      connection,
      send: (...payloads) => void socket.write(toFrames(...payloads)),
      next: () => new Promise((resolve) => waiting.push(resolve)),
      closed: new Promise((resolve) => socket.once('close', () => resolve())),
    };
    sessions.push(session);
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => undefined);
    const split = frameSplitter();
    socket.on('data', (chunk) => {
      for (const bytes of split(chunk)) {
        frames.push({ connection, bytes });
        if ('onFrame' in handler) handler.onFrame({ connection, bytes }, session);
        else {
          const awaiting = waiting.shift();
          if (awaiting !== undefined) awaiting(bytes);
          else {
            const call = { ...decodeRpcCall(bytes), connection };
            calls.push(call);
            handler.onCall(call, session);
          }
        }
      }
    });
  };

  let server = createServer(serve);
  const listen = async () => {
    server = createServer(serve);
    await new Promise<void>((resolve) => server.listen(path, resolve));
  };
  const kill = async () => {
    for (const socket of open) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  await listen();
  return {
    socket: path,
    frames,
    calls,
    sessions,
    kill,
    listen,
    stop: async () => {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A message of the protocol as bytes. */
export function message(name: string, fields: Record<string, unknown>): Uint8Array {
  return messageCodec(name).encode(fields);
}

/** The frames that end an event well. */
export function endOfEvent(sequence: number): [Uint8Array, Uint8Array] {
  return [new Uint8Array(0), message('RpcReturn', { sequence })];
}

/** The answer to a call that starts an instance. */
export function started(sequence: number, instanceId: number): Uint8Array {
  return message('RpcReturn', { sequence, instance_status: { instance_id: instanceId } });
}
