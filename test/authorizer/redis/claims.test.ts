import { afterAll, beforeAll, expect, it } from 'vitest';
import { SharedStateUnavailable } from '../../../src/core/shared-state.ts';
import { createGateways } from './support/create-gateways.ts';
import { describeWithRedis, type RedisServer, startRedis } from './support/start-redis.ts';
import { until } from './support/until.ts';

describeWithRedis('one-time values in Redis', () => {
  const { create } = createGateways();
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  it('gives a value to exactly one of 1,000 who want it at once from two gateways', async () => {
    const [one, other] = [create(redis.settings()), create(redis.settings())];
    const outcomes = await Promise.all(
      Array.from({ length: 1000 }, (_, index) =>
        (index % 2 === 0 ? one : other).state.claim('wanted', 60_000),
      ),
    );
    expect(outcomes.filter((outcome) => outcome)).toHaveLength(1);
  });

  it('gives each of many values to exactly one of two gateways', async () => {
    const [one, other] = [create(redis.settings()), create(redis.settings())];
    const outcomes = await Promise.all(
      Array.from({ length: 300 }, async (_, index) => {
        const claims = [one, other].map(({ state }) => state.claim(`value ${index}`, 60_000));
        return (await Promise.all(claims)).filter((outcome) => outcome).length;
      }),
    );
    expect(new Set(outcomes)).toEqual(new Set([1]));
  });

  it('gives a value again once its time is over, and not before', async () => {
    const { state } = create(redis.settings());
    expect(await state.claim('short', 300)).toBe(true);
    expect(await state.claim('short', 300)).toBe(false);
    await until(() => redis.cli('EXISTS', 'kong-cloud-run-auth:claim:short') === '0');
    expect(await state.claim('short', 300)).toBe(true);
  });

  it('keeps values under different prefixes and in different databases apart', async () => {
    const settings = [{}, { key_prefix: 'staging:' }, { database: 3 }];
    for (const changes of settings) {
      const { state } = create(redis.settings(changes));
      expect(await state.claim('apart', 60_000)).toBe(true);
      expect(await state.claim('apart', 60_000)).toBe(false);
    }
    expect(redis.cli('-n', '3', 'KEYS', '*apart')).toBe('kong-cloud-run-auth:claim:apart');
  });

  it('lasts for as long as was asked, also where that is less than a millisecond', async () => {
    const { state } = create(redis.settings());
    expect(await state.claim('long', 90_000.5)).toBe(true);
    const left_ms = Number(redis.cli('PTTL', 'kong-cloud-run-auth:claim:long'));
    expect(left_ms).toBeGreaterThan(80_000);
    expect(left_ms).toBeLessThanOrEqual(90_001);
    expect(await state.claim('tiny', 0.2)).toBe(true);
  });

  it('takes a key that holds something else for taken', async () => {
    redis.cli('LPUSH', 'kong-cloud-run-auth:claim:list', 'x');
    const { state } = create(redis.settings());
    expect(await state.claim('list', 60_000)).toBe(false);
    expect(await state.claim('no list', 60_000)).toBe(true);
  });

  it('is unavailable once it is closed', async () => {
    const { state } = create(redis.settings());
    expect(await state.claim('before', 60_000)).toBe(true);
    state.close();
    await expect(state.claim('after', 60_000)).rejects.toThrow(SharedStateUnavailable);
  });

  it('warns where Redis may evict values before their time', async () => {
    redis.cli('CONFIG', 'SET', 'maxmemory', '100mb');
    redis.cli('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru');
    const { state, logger } = create(redis.settings());
    await state.claim('evictable', 1000);
    await until(() => logger.lines.length > 0);
    expect(logger.lines).toEqual([
      {
        level: 'warn',
        fields: { redis: `127.0.0.1:${redis.port}`, maxmemory_policy: 'volatile-lru' },
        message:
          'Redis may evict one-time values before their time; set its maxmemory-policy to noeviction',
      },
    ]);
    redis.cli('CONFIG', 'SET', 'maxmemory', '0');
  });
});
