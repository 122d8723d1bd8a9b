import { afterEach, beforeEach, expect, it } from 'vitest';
import { createRedisConnector } from '../../../src/authorizer/redis/connect-redis.ts';
import { toStreamFields } from '../../../src/authorizer/redis/stream-entry.ts';
import { SharedStateUnavailable } from '../../../src/core/shared-state.ts';
import { createGateways, entryOf } from './support/create-gateways.ts';
import {
  describeWithRedis,
  findFreePort,
  type RedisServer,
  startRedis,
} from './support/start-redis.ts';
import { until } from './support/until.ts';

const STREAM = 'kong-cloud-run-auth:channel:revocations';

/** More than a claim may take with `timeout_ms` at 300, connecting included, on a busy machine. */
const BOUND_MS = 3000;

describeWithRedis('Redis in trouble', () => {
  const { create } = createGateways();
  let redis: RedisServer;
  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(() => redis.stop());

  it('neither claims nor publishes without Redis, and does again once it is back', async () => {
    const { state, logger, publish, pass } = create(redis.settings());
    expect(await state.claim('before', 60_000)).toBe(true);
    await redis.kill();
    for (let attempt = 0; attempt < 20; attempt += 1) {
      await expect(state.claim('meanwhile', 60_000)).rejects.toThrow(SharedStateUnavailable);
      await expect(publish('alice')).rejects.toThrow(SharedStateUnavailable);
    }
    expect(logger.messages('error')).toEqual([
      'Redis cannot be used for one-time values; requests that bring one are refused',
      'Redis cannot be used for publishing; what was to be published is refused',
    ]);
    await redis.start();
    pass(10_000);
    expect(await state.claim('after', 60_000)).toBe(true);
    await publish('alice');
    expect(logger.messages('info')).toEqual([
      'Redis can be used for one-time values again',
      'Redis can be used for publishing again',
    ]);
  });

  it('is never current where Redis was never there', async () => {
    const gateway = create(redis.settings({ port: await findFreePort() }));
    const here = gateway.listen();
    await until(() => gateway.logger.lines.length > 0);
    expect(here.isCurrent()).toBe(false);
    expect(gateway.logger.lines).toEqual([
      {
        level: 'error',
        fields: {
          redis: expect.stringContaining('127.0.0.1:'),
          channel: 'revocations',
          reason: 'the connection failed: ECONNREFUSED',
        },
        message:
          'Redis cannot be used for what gateways tell each other; requests that depend on it are refused after 60 s',
      },
    ]);
  });

  it('stays current for max_stale_seconds without Redis, and is again once it is back', async () => {
    const gateway = create(redis.settings({ max_stale_seconds: 30 }));
    const here = gateway.listen();
    await here.current();
    await redis.kill();
    await until(() => gateway.logger.lines.length > 0);
    gateway.pass(20_000);
    expect(here.isCurrent()).toBe(true);
    gateway.pass(10_000);
    expect(here.isCurrent()).toBe(false);
    const current = here.current();
    await redis.start();
    await current;
    expect(here.isCurrent()).toBe(true);
    gateway.pass(10_000);
    await until(() => gateway.logger.messages('info').length === 1);
    expect(gateway.logger.lines).toHaveLength(2);
  });

  it('refuses a claim within its time while Redis answers nothing', async () => {
    const { state } = create(redis.settings({ timeout_ms: 300 }));
    await state.claim('before', 60_000);
    redis.pause();
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const began = performance.now();
      await expect(state.claim('meanwhile', 60_000)).rejects.toThrow(SharedStateUnavailable);
      expect(performance.now() - began).toBeLessThan(BOUND_MS);
    }
    redis.resume();
    await until(() => redis.cli('EXISTS', 'kong-cloud-run-auth:claim:meanwhile') === '1');
    const answers = await retried(() => state.claim('meanwhile', 60_000));
    expect(answers).toBe(false);
    expect(await state.claim('new', 60_000)).toBe(true);
  });

  it('is no longer current beyond the bound while Redis answers nothing', async () => {
    const gateway = create(redis.settings({ timeout_ms: 300 }));
    const here = gateway.listen();
    await here.current();
    redis.pause();
    await until(() => gateway.logger.lines.length > 0);
    expect(here.isCurrent()).toBe(true);
    gateway.pass(61_000);
    expect(here.isCurrent()).toBe(false);
    redis.resume();
    await here.current();
  });

  it('does not forget what it knows when Redis is started empty, and gives it back', async () => {
    const [one, other] = [create(redis.settings()), create(redis.settings())];
    const [here, there] = [one.listen(), other.listen()];
    for (let index = 0; index < 50; index += 1) await one.publish(`key ${index}`);
    await until(() => there.heard.size === 50);
    await redis.kill();
    await redis.start();
    await until(() => redis.cli('XLEN', STREAM) === '50');
    const late = create(redis.settings()).listen();
    await late.current();
    expect([...late.heard].sort()).toEqual([...here.heard].sort());
    await retried(() => one.publish('new'));
    await until(() => there.heard.has('new') && late.heard.has('new'));
    expect(redis.cli('XLEN', STREAM)).toBe('51');
    const restored = [one, other].flatMap(({ logger }) => logger.messages('warn'));
    expect(restored).toEqual([
      'Redis had lost entries that are in force; they have been added again',
    ]);
  });

  it('does not put a lost entry in the place of a newer one', async () => {
    const [one, other] = [create(redis.settings()), create(redis.settings())];
    const there = other.listen();
    await one.publish('alice', 'old');
    await one.publish('bob', 'old');
    await until(() => there.heard.size === 2);
    redis.cli('FLUSHALL');
    await one.publish('alice', 'new');
    await until(() => there.heard.get('alice') === 'new');
    await until(() => redis.cli('XLEN', STREAM) === '2');
    const late = create(redis.settings()).listen();
    await late.current();
    expect([...late.heard].sort()).toEqual([
      ['alice', 'new'],
      ['bob', 'old'],
    ]);
  });

  it('does not do so either where the newer one comes while it restores', async () => {
    const connect = createRedisConnector();
    let restored = 0;
    const gateway = create(redis.settings(), {
      connect: async (...args) => {
        const connection = await connect(...args);
        return {
          ...connection,
          send(commands, time_ms) {
            if (commands[0]?.[0] === 'MULTI') {
              restored += 1;
              if (restored === 1) redis.cli('XADD', STREAM, '*', ...fieldsOf('alice', 'new'));
            }
            return connection.send(commands, time_ms);
          },
        };
      },
    });
    const here = gateway.listen();
    await gateway.publish('alice', 'old');
    await gateway.publish('bob', 'old');
    await here.current();
    redis.cli('DEL', STREAM);
    await until(() => restored === 2);
    await until(() => redis.cli('XLEN', STREAM) === '2');
    const late = create(redis.settings()).listen();
    await late.current();
    for (const { heard } of [here, late]) {
      expect([...heard].sort()).toEqual([
        ['alice', 'new'],
        ['bob', 'old'],
      ]);
    }
  });

  it('hears entries whose ids are smaller than those of the stream that was lost', async () => {
    const gateway = create(redis.settings());
    const here = gateway.listen();
    await gateway.publish('before');
    await here.current();
    redis.cli(
      'EVAL',
      "redis.call('DEL', KEYS[1]) redis.call('XADD', KEYS[1], '5-1', unpack(ARGV))",
      '1',
      STREAM,
      ...fieldsOf('after'),
    );
    await until(() => here.heard.has('after'));
    const late = create(redis.settings()).listen();
    await until(() => late.heard.size === 2);
    expect([...late.heard.keys()].sort()).toEqual(['after', 'before']);
  });

  it('is unavailable and not current on a server that has become a replica', async () => {
    const connect = createRedisConnector();
    let attempts = 0;
    const gateway = create(redis.settings(), {
      connect: (...args) => {
        attempts += 1;
        return connect(...args);
      },
    });
    const here = gateway.listen();
    await here.current();
    await gateway.state.claim('before', 60_000);
    redis.cli('REPLICAOF', '127.0.0.1', String(await findFreePort()));
    await expect(gateway.state.claim('meanwhile', 60_000)).rejects.toThrow(
      'Redis answered READONLY to SET',
    );
    await expect(gateway.publish('meanwhile')).rejects.toThrow(SharedStateUnavailable);
    gateway.pass(61_000);
    const before = attempts;
    await until(() => attempts >= before + 3);
    expect(here.isCurrent()).toBe(false);
    redis.cli('REPLICAOF', 'NO', 'ONE');
    await here.current();
    expect(await retried(() => gateway.state.claim('meanwhile', 60_000))).toBe(true);
  });

  it('works again as soon as Redis has loaded what it has on disk', async () => {
    await redis.stop();
    redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    const one = create(redis.settings());
    const here = one.listen();
    await one.publish('alice');
    expect(await one.state.claim('kept', 60_000)).toBe(true);
    await redis.kill();
    await redis.start();
    expect(await retried(() => one.state.claim('kept', 60_000))).toBe(false);
    const late = create(redis.settings()).listen();
    await late.current();
    expect([...late.heard.keys()]).toEqual(['alice']);
    await one.publish('bob');
    await until(() => here.heard.has('bob') && late.heard.has('bob'));
    expect(one.logger.messages('warn')).toEqual([]);
  });

  it('says that it did not publish where Redis has no room', async () => {
    const gateway = create(redis.settings());
    const here = gateway.listen();
    await here.current();
    redis.cli('CONFIG', 'SET', 'maxmemory', '1mb');
    await expect(gateway.publish('alice')).rejects.toThrow('Redis answered OOM to XADD');
    await expect(gateway.state.claim('value', 60_000)).rejects.toThrow(SharedStateUnavailable);
    expect(here.heard.size).toBe(0);
    expect(here.isCurrent()).toBe(true);
  });
});

/** An entry as a gateway writes it. */
function fieldsOf(key: string, value = 'v'): string[] {
  return toStreamFields(entryOf(key, value));
}

/** What an operation answers once Redis can be used for it again. */
async function retried<T>(operation: () => Promise<T>): Promise<T | undefined> {
  let answer: { value: T } | undefined;
  await until(() => {
    void operation().then(
      (value) => {
        answer ??= { value };
      },
      () => {},
    );
    return answer !== undefined;
  });
  return answer?.value;
}
