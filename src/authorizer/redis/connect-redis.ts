import { createConnection as openTcp, type Socket } from 'node:net';
import { connect as openTls } from 'node:tls';
import type { Redis, RedisOptions } from 'ioredis';
import { withinTime } from '../../core/within-time.ts';
import type { RedisSettings } from './config.ts';
import { RedisFailure, toRedisFailure } from './redis-failure.ts';

export type RedisCommand = readonly [name: string, ...args: (string | number)[]];

/** One connection, which is never repaired: once it is lost, another one takes its place. */
export interface RedisConnection {
  isOpen(): boolean;
  /**
   * Sends commands together, each once: whether a command whose answer is lost was carried out is not known.
   *
   * @returns their answers
   * @throws RedisFailure where one fails or the time is up
   */
  send(commands: readonly RedisCommand[], time_ms: number): Promise<unknown[]>;
  close(): void;
}

/**
 * Connects within `settings.timeout_ms`, with user and database.
 *
 * @param signal ends the connection, made or not
 * @throws RedisFailure
 */
export type ConnectRedis = (
  settings: RedisSettings,
  signal: AbortSignal,
) => Promise<RedisConnection>;

/** For the other side to take its leave, so that nothing waits for a server that has stopped. */
const LEAVE_MS = 100;

/** @param options.ca certificates of authorities, in place of those that Node.js trusts */
export function createRedisConnector({ ca }: { ca?: string } = {}): ConnectRedis {
  // Not at the top of the file: who has no Redis does not pay for the driver.
  const driver = import('ioredis');
  driver.catch(() => {});
  return async (settings, signal) => {
    const { AbstractConnector, Redis } = await driver;
    if (signal.aborted) throw new RedisFailure('the connection was closed');
    class Connector extends AbstractConnector {
      constructor() {
        super(LEAVE_MS);
      }

      override async connect(): Promise<Socket> {
        this.connecting = true;
        this.stream = openSocket(settings, ca);
        this.stream.once('error', (error) => {
          this.firstError = error;
        });
        return this.stream;
      }
    }
    const redis = new Redis({ ...optionsOf(settings), Connector });
    const close = () => {
      if (redis.status !== 'end') redis.disconnect();
    };
    let trouble: RedisFailure | undefined;
    // The driver would keep a connection on which an answer came that nobody had asked for: the next command would
    // take it for its own.
    redis.on('error', (error) => {
      trouble ??= toRedisFailure(error);
      close();
    });
    signal.addEventListener('abort', close);
    redis.once('end', () => signal.removeEventListener('abort', close));

    const failure = (error: unknown, command?: string) => {
      const seen = toRedisFailure(error, command);
      return seen.answered === undefined ? (trouble ?? seen) : seen;
    };
    const late = (time_ms: number) => new RedisFailure(`no answer within ${time_ms} ms`);
    const { timeout_ms } = settings;
    try {
      await withinTime(
        timeout_ms,
        () => open(redis, settings.database),
        () => late(timeout_ms),
      );
    } catch (error) {
      close();
      throw failure(error);
    }

    async function answer([name, ...args]: RedisCommand): Promise<unknown> {
      try {
        return await redis.call(name, ...args);
      } catch (error) {
        throw failure(error, name);
      }
    }

    return {
      isOpen: () => redis.status === 'ready' && trouble === undefined,
      send: (commands, time_ms) =>
        withinTime(
          time_ms,
          () => Promise.all(commands.map(answer)),
          () => late(time_ms),
        ),
      close,
    };
  };
}

function openSocket(settings: RedisSettings, ca: string | undefined): Socket {
  const { host, port, ssl, ssl_verify, server_name } = settings;
  const socket = ssl
    ? openTls({
        host,
        port,
        rejectUnauthorized: ssl_verify,
        ...(server_name === undefined ? {} : { servername: server_name }),
        ...(ca === undefined ? {} : { ca }),
      })
    : openTcp({ host, port });
  // The driver listens for one error of a socket. A refused certificate may be followed by another, which would end
  // the process.
  socket.on('error', () => {});
  return socket;
}

function optionsOf(settings: RedisSettings): Omit<RedisOptions, 'replyMapping'> {
  const { host, port, username, password, ssl, timeout_ms } = settings;
  return {
    host,
    port,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    // That the connection is not made before TLS is.
    ...(ssl ? { tls: {} } : {}),
    connectTimeout: timeout_ms,
    lazyConnect: true,
    // One TCP connection and no more. The driver must not repeat a command on the next one: a claim that was carried
    // out before its answer was lost would then come back as taken by another.
    retryStrategy: null,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    // INFO, which access control lists often deny. A server that is still loading says so to any command.
    enableReadyCheck: false,
    disableClientInfo: true,
    protocol: 2,
  };
}

/** The driver would go on in database 0 where the one wanted cannot be had: there, nothing is revoked. */
async function open(redis: Redis, database: number): Promise<void> {
  await redis.connect();
  if (database !== 0) await redis.select(database);
}
