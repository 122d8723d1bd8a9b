import { expect, it } from 'vitest';
import { redisFields } from '../../../src/authorizer/redis/config.ts';
import type { ConnectRedis } from '../../../src/authorizer/redis/connect-redis.ts';
import { createRedisRegistry } from '../../../src/authorizer/redis/create-redis-registry.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { SharedStateUnavailable } from '../../../src/core/shared-state.ts';
import { createTestLogger } from './support/test-logger.ts';

const settingsOf = (changes: Record<string, unknown> = {}) =>
  redisFields.parse({ host: '127.0.0.1', password: 'secret', ...changes });

const connect: ConnectRedis = () => Promise.reject(new Error('not in this test'));

it('has one state for equal settings, in whatever order they are, and another for others', () => {
  const registry = createRedisRegistry({ clock: systemClock, logger: createTestLogger(), connect });
  const state = registry.stateFor(settingsOf());
  const { host, ...others } = settingsOf();
  expect(registry.stateFor({ ...others, host })).toBe(state);
  expect(registry.stateFor(settingsOf({ password: 'rotated' }))).not.toBe(state);
  expect(registry.stateFor(settingsOf({ max_stale_seconds: 61 }))).not.toBe(state);
});

it('closes all of them', async () => {
  const registry = createRedisRegistry({ clock: systemClock, logger: createTestLogger(), connect });
  const states = [registry.stateFor(settingsOf()), registry.stateFor(settingsOf({ port: 1 }))];
  registry.close();
  for (const state of states) {
    await expect(state.claim('value', 1000)).rejects.toThrow(SharedStateUnavailable);
  }
});

it('warns once where traffic to another machine is not encrypted', () => {
  const logger = createTestLogger();
  const registry = createRedisRegistry({ clock: systemClock, logger, connect });
  for (const changes of [
    {},
    { host: 'localhost' },
    { host: '::1' },
    { host: 'redis.internal', ssl: true },
    { host: 'redis.internal' },
    { host: 'redis.internal' },
  ]) {
    registry.stateFor(settingsOf(changes));
  }
  expect(logger.lines).toEqual([
    {
      level: 'warn',
      fields: { redis: 'redis.internal:6379' },
      message: 'Redis is used without TLS: whoever can alter its traffic can undo revocations',
    },
  ]);
});
