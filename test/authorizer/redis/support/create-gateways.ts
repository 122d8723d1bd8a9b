import { afterEach } from 'vitest';
import type { RedisSettings } from '../../../../src/authorizer/redis/config.ts';
import {
  createRedisSharedState,
  type RedisDependencies,
  type RedisSharedState,
} from '../../../../src/authorizer/redis/create-redis-shared-state.ts';
import { systemClock } from '../../../../src/core/clock.ts';
import type { SharedEntry, SharedSubscription } from '../../../../src/core/shared-state.ts';
import { createTestLogger, type TestLogger } from './test-logger.ts';

export interface Gateway {
  state: RedisSharedState;
  logger: TestLogger;
  /** Makes the stopwatch run ahead. */
  pass: (time_ms: number) => void;
  /** Subscribes, and keeps the value it heard last of each key. */
  listen: (channel?: string) => SharedSubscription & { heard: Map<string, string> };
  publish: (key: string, value?: string, lasts_ms?: number) => Promise<void>;
}

export const CHANNEL = 'revocations';

/** Gateways of their own that have only Redis in common. They are closed after each test. */
export function createGateways(): {
  create: (settings: RedisSettings, dependencies?: Partial<RedisDependencies>) => Gateway;
} {
  const states: RedisSharedState[] = [];
  afterEach(() => {
    for (const state of states.splice(0)) state.close();
  });
  return {
    create(settings, dependencies = {}) {
      const logger = createTestLogger();
      let ahead_ms = 0;
      const state = createRedisSharedState(settings, {
        clock: systemClock,
        logger,
        stopwatch: () => performance.now() + ahead_ms,
        ...dependencies,
      });
      states.push(state);
      return {
        state,
        logger,
        pass(time_ms) {
          ahead_ms += time_ms;
        },
        listen(channel = CHANNEL) {
          const heard = new Map<string, string>();
          const subscription = state.subscribe(channel, ({ key, value }) => {
            heard.set(key, value);
          });
          return Object.assign(subscription, { heard });
        },
        publish: (key, value = 'v', lasts_ms = 60_000) =>
          state.publish(CHANNEL, entryOf(key, value, lasts_ms)),
      };
    },
  };
}

export function entryOf(key: string, value = 'v', lasts_ms = 60_000): SharedEntry {
  return { key, value, expires_at_ms: systemClock() + lasts_ms };
}
