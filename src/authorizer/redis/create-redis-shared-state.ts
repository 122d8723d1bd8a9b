import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { Malfunction } from '../../core/malfunction.ts';
import { checkClaim } from '../../core/shared-state/check-claim.ts';
import { checkEntry } from '../../core/shared-state/check-entry.ts';
import { type SharedState, SharedStateUnavailable } from '../../core/shared-state.ts';
import { createCommandConnection } from './command-connection.ts';
import type { RedisSettings } from './config.ts';
import { type ConnectRedis, createRedisConnector, type RedisConnection } from './connect-redis.ts';
import { evictionPolicy } from './eviction-policy.ts';
import { isLoopback } from './is-loopback.ts';
import { MOST_ENTRIES } from './limits.ts';
import { RedisChannel } from './redis-channel.ts';
import { RedisFailure, toRedisFailure } from './redis-failure.ts';
import { toStreamFields } from './stream-entry.ts';
import { createTroubleLog, type TroubleLog } from './trouble-log.ts';

export interface RedisSharedState extends SharedState {
  /** Ends its connections. What is asked of it afterwards cannot be known. */
  close(): void;
}

export interface RedisDependencies {
  clock: Clock;
  logger: Logger;
  connect?: ConnectRedis;
  /** Milliseconds from any origin. */
  stopwatch?: () => number;
  /** In [0, 1). */
  random?: () => number;
}

/**
 * State that all gateways share which use the same Redis server and key prefix. Claims are keys that expire; each channel
 * is a stream, because what is published while a gateway cannot reach Redis must reach it afterwards.
 *
 * Redis itself must not lose data: have it write every change to disk, or replicate, and let it evict nothing. What
 * becomes of a claim that Redis has forgotten cannot be known here; entries are restored by any gateway that knows them.
 */
export function createRedisSharedState(
  settings: RedisSettings,
  {
    clock,
    logger,
    connect = createRedisConnector(),
    stopwatch = () => performance.now(),
    random = Math.random,
  }: RedisDependencies,
): RedisSharedState {
  const { key_prefix, timeout_ms } = settings;
  const where = { redis: `${settings.host}:${settings.port}` };
  const channels = new Map<string, RedisChannel>();
  const commands = createCommandConnection({ settings, connect, random, stopwatch, onOpen });
  const claims = troubleWith({}, 'one-time values', 'requests that bring one are refused');
  const publishing = troubleWith({}, 'publishing', 'what was to be published is refused');
  let hasToldOfEviction = false;
  if (!settings.ssl && !isLoopback(settings.host)) {
    warn({}, 'Redis is used without TLS: whoever can alter its traffic can undo revocations');
  }

  function troubleWith(fields: object, what: string, consequence: string): TroubleLog {
    return createTroubleLog({
      logger,
      stopwatch,
      fields: { ...where, ...fields },
      messages: {
        begins: `Redis cannot be used for ${what}; ${consequence}`,
        ends: `Redis can be used for ${what} again`,
      },
    });
  }

  function warn(fields: object, message: string): void {
    try {
      logger.warn({ ...where, ...fields }, message);
    } catch {}
  }

  function onOpen(connection: RedisConnection): void {
    if (hasToldOfEviction) return;
    void evictionPolicy(connection, timeout_ms).then((maxmemory_policy) => {
      if (maxmemory_policy === null || hasToldOfEviction) return;
      hasToldOfEviction = true;
      warn(
        { maxmemory_policy },
        'Redis may evict one-time values before their time; set its maxmemory-policy to noeviction',
      );
    });
  }

  async function using<T>(trouble: TroubleLog, use: () => Promise<T>): Promise<T> {
    try {
      const result = await use();
      trouble.succeeded();
      return result;
    } catch (error) {
      const { message } = toRedisFailure(error);
      trouble.failed(message);
      throw new SharedStateUnavailable(message);
    }
  }

  function channelOf(name: string): RedisChannel {
    const found = channels.get(name);
    if (found !== undefined) return found;
    const fields = { channel: name };
    const channel = new RedisChannel({
      settings,
      key: streamKey(name),
      connect,
      clock,
      stopwatch,
      random,
      logger,
      fields: { ...where, ...fields },
      trouble: troubleWith(
        fields,
        'what gateways tell each other',
        `requests that depend on it are refused after ${settings.max_stale_seconds} s`,
      ),
    });
    channels.set(name, channel);
    return channel;
  }

  function streamKey(channel: string): string {
    return `${key_prefix}channel:${channel}`;
  }

  return {
    async claim(key, ttl_ms) {
      checkClaim(key, ttl_ms);
      return using(claims, async () => {
        const expiry_ms = Math.min(Math.ceil(ttl_ms), Number.MAX_SAFE_INTEGER);
        const name = `${key_prefix}claim:${key}`;
        const [answer] = await commands.send([['SET', name, '1', 'NX', 'PX', expiry_ms]]);
        if (answer === 'OK') return true;
        if (answer === null) return false;
        throw new RedisFailure('Redis answered SET with something else');
      });
    },

    async publish(channel, published) {
      const { entry } = checkEntry(channel, published);
      if (!isText(entry.key) || !isText(entry.value)) {
        throw new Malfunction('an entry that is no well-formed text');
      }
      const stream = streamKey(channel);
      const id = await using(publishing, async () => {
        const [length] = await commands.send([['XLEN', stream]]);
        if (!(Number(length) < MOST_ENTRIES)) {
          throw new RedisFailure('as many entries are in the channel as are kept');
        }
        const [added] = await commands.send([['XADD', stream, '*', ...toStreamFields(entry)]]);
        if (typeof added === 'string') return added;
        throw new RedisFailure('Redis answered XADD with something else');
      });
      channels.get(channel)?.added(id, entry);
    },

    subscribe: (channel, onEntry) => channelOf(channel).subscribe(onEntry),

    close() {
      commands.close();
      for (const channel of channels.values()) channel.close();
    },
  };
}

/** Redis keeps UTF-8: half of a surrogate pair would come back as another character. */
function isText(text: string): boolean {
  return Buffer.from(text).toString() === text;
}
