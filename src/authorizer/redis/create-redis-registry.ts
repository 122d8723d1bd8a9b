import { LRUCache } from 'lru-cache';
import type { SharedState } from '../../core/shared-state.ts';
import type { RedisSettings } from './config.ts';
import {
  createRedisSharedState,
  type RedisDependencies,
  type RedisSharedState,
} from './create-redis-shared-state.ts';

/**
 * Every Redis server in use, for the whole process: Kong starts many instances of one plugin config, and again after
 * every change. None needs to be given back, because connections that nobody uses are closed by themselves.
 */
export interface RedisRegistry {
  /** The same one for the same settings. */
  stateFor(settings: RedisSettings): SharedState;
  close(): void;
}

/** Bounds what a long series of config changes can leave behind. */
const MAX_STATES = 1000;

/**
 * @example
 * const redis = createRedisRegistry({ clock: systemClock, logger });
 * const state = redis.stateFor(config.redis);
 */
export function createRedisRegistry(dependencies: RedisDependencies): RedisRegistry {
  const states = new LRUCache<string, RedisSharedState>({ max: MAX_STATES });

  return {
    stateFor(settings) {
      const id = JSON.stringify(settings, Object.keys(settings).sort());
      const known = states.get(id);
      if (known !== undefined) return known;
      const state = createRedisSharedState(settings, dependencies);
      states.set(id, state);
      return state;
    },
    close() {
      for (const state of states.values()) state.close();
      states.clear();
    },
  };
}
