import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, encode } from '@msgpack/msgpack';

/** A message from the gateway: `[0, id, method, [argument]]`. */
export interface Received {
  connection: number;
  id: number;
  method: string;
  argument: Record<string, unknown>;
  bytes: Buffer;
}

export interface Answer {
  /** `[1, id, null, value]` */
  result(value: unknown): void;
  /** `[1, id, error, null]` */
  error(error: unknown): void;
  /** Bytes as they are. */
  raw(bytes: Uint8Array): void;
  socket: Socket;
}

export interface FakePluginServer {
  socket: string;
  received: Received[];
  /** Stops listening and drops all connections; `listen` starts it again on the same socket. */
  kill(): Promise<void>;
  listen(): Promise<void>;
  stop(): Promise<void>;
}

/** A MsgPack:1 plugin server that answers as a test says. It takes one message a chunk, as the stock one. */
export async function startFakePluginServer(
  answer: (message: Received, reply: Answer) => void,
): Promise<FakePluginServer> {
  const directory = mkdtempSync(join(tmpdir(), 'fake-plugin-server-'));
  const path = join(directory, 'plugins.sock');
  const received: Received[] = [];
  const open = new Set<Socket>();
  let connections = 0;
  const build = () =>
    createServer((socket) => {
      connections += 1;
      const connection = connections;
      open.add(socket);
      socket.on('close', () => open.delete(socket));
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        const message = parse(bytes, connection);
        received.push(message);
        const write = (value: unknown) => socket.write(encode(value));
        answer(message, {
          result: (value) => write([1, message.id, null, value]),
          error: (error) => write([1, message.id, error, null]),
          raw: (raw) => socket.write(raw),
          socket,
        });
      });
    });
  let server = build();
  const listen = async () => {
    server = build();
    await new Promise<void>((resolve) => server.listen(path, resolve));
  };
  const kill = async () => {
    for (const socket of open) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  await listen();
  return {
    socket: path,
    received,
    listen,
    kill,
    stop: async () => {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function parse(bytes: Buffer, connection: number): Received {
  const message = decode(bytes);
  if (!Array.isArray(message)) throw new Error('the gateway sent something that is no message');
  const [, id, method, args]: unknown[] = message;
  const argument: unknown = Array.isArray(args) ? args[0] : undefined;
  const isTable = typeof argument === 'object' && argument !== null;
  return {
    connection,
    id: Number(id),
    method: String(method),
    argument: isTable ? { ...argument } : { value: argument },
    bytes,
  };
}
