import { once } from 'node:events';
import { redisFields } from '../../../../src/authorizer/redis/config.ts';
import { createRedisSharedState } from '../../../../src/authorizer/redis/create-redis-shared-state.ts';
import { systemClock } from '../../../../src/core/clock.ts';

/** Uses the Redis server on a port until its standard input ends, and then has nothing left to do but exit. */
const settings = redisFields.parse({ host: '127.0.0.1', port: Number(process.argv[2]) });
const logger = { info() {}, warn() {}, error() {} };
const state = createRedisSharedState(settings, { clock: systemClock, logger });
const subscription = state.subscribe('revocations', () => {});
await Promise.all([state.claim('value', 1000), subscription.current()]);
console.log('current');
await once(process.stdin.resume(), 'end');
state.claim('another', 1000).catch(() => {});
state.close();
console.log('closed');
