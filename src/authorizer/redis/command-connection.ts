import type { RedisSettings } from './config.ts';
import type { ConnectRedis, RedisCommand, RedisConnection } from './connect-redis.ts';
import { IDLE_MS } from './limits.ts';
import { RedisFailure, toRedisFailure } from './redis-failure.ts';
import { restMs } from './rest-ms.ts';

/** The connection that all short commands of the process share. It is there while they come. */
export interface CommandConnection {
  /**
   * @returns the answers, within `settings.timeout_ms`, and once more that time where it has to connect
   * @throws RedisFailure
   */
  send(commands: readonly RedisCommand[]): Promise<unknown[]>;
  close(): void;
}

/**
 * @param options.onOpen for each new connection
 * @param options.random in [0, 1)
 * @param options.stopwatch milliseconds from any origin
 */
export function createCommandConnection({
  settings,
  connect,
  random,
  stopwatch,
  onOpen = () => {},
}: {
  settings: RedisSettings;
  connect: ConnectRedis;
  random: () => number;
  stopwatch: () => number;
  onOpen?: (connection: RedisConnection) => void;
}): CommandConnection {
  const { timeout_ms } = settings;
  const ending = new AbortController();
  let connection: RedisConnection | undefined;
  let connecting: Promise<RedisConnection> | undefined;
  let used_at_ms = 0;
  let idleTimer: NodeJS.Timeout | undefined;
  let failures = 0;
  let failure = new RedisFailure('the connection was closed');
  let rest_until_ms = Number.NEGATIVE_INFINITY;

  function failed(error: unknown): RedisFailure {
    failure = toRedisFailure(error);
    failures += 1;
    rest_until_ms = stopwatch() + restMs(failures, random());
    return failure;
  }

  async function open(): Promise<RedisConnection> {
    try {
      const opened = await connect(settings, ending.signal);
      connection = opened;
      watchIdle();
      onOpen(opened);
      return opened;
    } catch (error) {
      throw failed(error);
    }
  }

  async function ready(): Promise<RedisConnection> {
    if (ending.signal.aborted) throw new RedisFailure('the connection was closed');
    if (connection?.isOpen()) return connection;
    if (connecting === undefined) {
      if (stopwatch() < rest_until_ms) throw failure;
      connecting = open().finally(() => {
        connecting = undefined;
      });
    }
    return connecting;
  }

  /** Whatever else is under way on it has had its time when it is closed. */
  function retire(retired: RedisConnection, error: unknown): void {
    if (connection !== retired) return;
    connection = undefined;
    failed(error);
    setTimeout(() => retired.close(), timeout_ms).unref();
  }

  function watchIdle(left_ms = IDLE_MS): void {
    clearTimeout(idleTimer);
    idleTimer = setTimeout(() => {
      const still_ms = used_at_ms + IDLE_MS - stopwatch();
      if (still_ms > 0) return watchIdle(still_ms);
      connection?.close();
      connection = undefined;
    }, left_ms).unref();
  }

  return {
    async send(commands) {
      used_at_ms = stopwatch();
      const used = await ready();
      try {
        const answers = await used.send(commands, timeout_ms);
        failures = 0;
        return answers;
      } catch (error) {
        const { answered } = toRedisFailure(error);
        // A read-only server may no longer be the one that the name stands for.
        if (answered === undefined || answered === 'READONLY') retire(used, error);
        throw error;
      }
    },
    close() {
      ending.abort();
      clearTimeout(idleTimer);
      connection = undefined;
    },
  };
}
