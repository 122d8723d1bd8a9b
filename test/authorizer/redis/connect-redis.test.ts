import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { redisFields } from '../../../src/authorizer/redis/config.ts';
import { createRedisConnector } from '../../../src/authorizer/redis/connect-redis.ts';

const servers: { server: Server; sockets: Set<Socket> }[] = [];
const connect = createRedisConnector();

afterEach(() => {
  for (const { server, sockets } of servers.splice(0)) {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});

/** A server that is no Redis. @returns settings for it, and how many are connected */
async function serve(onSocket: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {}).resume();
    onSocket(socket);
  });
  servers.push({ server, sockets });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const settingsOf = (changes: object = {}) =>
    redisFields.parse({ host: '127.0.0.1', port, timeout_ms: 200, ...changes });
  return { settingsOf, sockets };
}

const never = new AbortController().signal;

describe('a connection to Redis', () => {
  it('fails in its time where nobody answers, and leaves nothing open', async () => {
    const { settingsOf, sockets } = await serve(() => {});
    const settings = settingsOf({ password: 'secret' });
    await expect(connect(settings, never)).rejects.toThrow('no answer within 200 ms');
    await vi.waitUntil(() => sockets.size === 0);
  });

  it.each(['HTTP/1.1 400 Bad Request\r\n\r\n', '$-7\r\n', '+OK\r\n+OK\r\n', '*1000000000\r\n'])(
    'fails where the answer is %j',
    async (text) => {
      const { settingsOf, sockets } = await serve((socket) => {
        socket.once('data', () => socket.write(text));
      });
      const connection = await connect(settingsOf(), never);
      const answer = connection.send(
        [
          ['GET', 'a'],
          ['GET', 'b'],
          ['GET', 'c'],
        ],
        200,
      );
      await expect(answer).rejects.toThrow(/the connection was lost|no answer within 200 ms/);
      connection.close();
      await vi.waitUntil(() => sockets.size === 0);
    },
  );

  it('is given up when an answer comes that nobody asked for', async () => {
    const { settingsOf, sockets } = await serve((socket) => socket.write('+OK\r\n'));
    const connection = await connect(settingsOf(), never);
    await vi.waitUntil(() => !connection.isOpen() && sockets.size === 0);
    await expect(connection.send([['SET', 'key', '1', 'NX']], 200)).rejects.toThrow('connection');
  });

  it('sends a command once, also where the connection is lost before its answer', async () => {
    let received = '';
    const { settingsOf } = await serve((socket) => {
      socket.on('data', (data) => {
        received += data.toString();
        socket.destroy();
      });
    });
    const connection = await connect(settingsOf(), never);
    await expect(connection.send([['SET', 'key', '1', 'NX']], 200)).rejects.toThrow('connection');
    expect(connection.isOpen()).toBe(false);
    await expect(connection.send([['SET', 'key', '1', 'NX']], 200)).rejects.toThrow('connection');
    expect(received.match(/SET/g)).toHaveLength(1);
  });

  it('gives answers to the commands they belong to after one came too late', async () => {
    const { settingsOf } = await serve((socket) => {
      let count = 0;
      const late: string[] = [];
      socket.on('data', () => {
        count += 1;
        late.push(`:${count}\r\n`);
        if (count > 1) socket.write(late.splice(0).join(''));
      });
    });
    const connection = await connect(settingsOf(), never);
    await expect(connection.send([['INCR', 'first']], 50)).rejects.toThrow(
      'no answer within 50 ms',
    );
    expect(await connection.send([['INCR', 'second']], 200)).toEqual([2]);
    connection.close();
  });

  it('ends with the signal, made or not', async () => {
    const { settingsOf, sockets } = await serve(() => {});
    const ending = new AbortController();
    const connecting = connect(settingsOf({ password: 'secret', timeout_ms: 5000 }), ending.signal);
    const made = await connect(settingsOf(), ending.signal);
    await vi.waitUntil(() => sockets.size === 2);
    ending.abort();
    await expect(connecting).rejects.toThrow('the connection was lost');
    await vi.waitUntil(() => sockets.size === 0 && !made.isOpen());
    await expect(connect(settingsOf(), ending.signal)).rejects.toThrow('the connection was closed');
  });
});
