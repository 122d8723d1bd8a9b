import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createRedisConnector } from '../../../src/authorizer/redis/connect-redis.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { SharedStateUnavailable, type SharedSubscription } from '../../../src/core/shared-state.ts';
import { CHANNEL, createGateways, entryOf, type Gateway } from './support/create-gateways.ts';
import { describeWithRedis, type RedisServer, startRedis } from './support/start-redis.ts';
import { until } from './support/until.ts';

const STREAM = 'kong-cloud-run-auth:channel:revocations';
const HOUR_MS = 3_600_000;

describeWithRedis('channels in Redis', () => {
  const { create } = createGateways();
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  beforeEach(() => {
    redis.cli('FLUSHALL');
  });
  afterAll(() => redis.stop());

  it('tells one gateway what another publishes', async () => {
    const [one, other] = [create(redis.settings()), create(redis.settings())];
    const there = other.listen();
    await there.current();
    await one.publish('alice', 'until noon');
    await until(() => there.heard.get('alice') === 'until noon');
    expect(there.isCurrent()).toBe(true);
  });

  it('has told the gateway that publishes once it is published', async () => {
    const gateway = create(redis.settings());
    const here = gateway.listen();
    await gateway.publish('alice');
    expect([...here.heard.keys()]).toEqual(['alice']);
  });

  it('tells a late subscriber everything in force before it is current', async () => {
    const one = create(redis.settings());
    for (let index = 0; index < 1200; index += 1) await one.publish(`key ${index}`);
    await one.publish('expired', 'v', -1000);
    const late = create(redis.settings()).listen();
    expect(late.isCurrent()).toBe(false);
    await late.current();
    expect(late.isCurrent()).toBe(true);
    expect(late.heard.size).toBe(1200);
    expect(late.heard.has('expired')).toBe(false);
  });

  it('tells a further subscriber of the same gateway at once', async () => {
    const gateway = create(redis.settings());
    await gateway.listen().current();
    await gateway.publish('alice');
    const further = gateway.listen();
    expect([...further.heard.keys()]).toEqual(['alice']);
    expect(further.isCurrent()).toBe(true);
    await further.current();
  });

  it('tells nothing any more after close', async () => {
    const gateway = create(redis.settings());
    const closed = gateway.listen();
    const open = gateway.listen();
    await open.current();
    closed.close();
    await gateway.publish('alice');
    expect([closed.heard.size, open.heard.size]).toEqual([0, 1]);
    expect(closed.isCurrent()).toBe(false);
  });

  it('keeps channels, prefixes and databases apart', async () => {
    const gateway = create(redis.settings());
    const elsewhere = [
      gateway.listen('other'),
      create(redis.settings({ key_prefix: 'other:' })).listen(),
      create(redis.settings({ database: 5 })).listen(),
    ];
    await Promise.all(elsewhere.map((subscription) => subscription.current()));
    const here = gateway.listen();
    await gateway.publish('alice');
    expect(here.heard.size).toBe(1);
    await Promise.all(elsewhere.map((subscription) => subscription.current()));
    expect(elsewhere.map(({ heard }) => heard.size)).toEqual([0, 0, 0]);
  });

  it('misses nothing when the connection is lost again and again', async () => {
    const [one, other] = [create(redis.settings()), create(redis.settings())];
    const there = other.listen();
    await there.current();
    const expected = Array.from({ length: 300 }, (_, index) => `key ${index}`);
    for (const [index, key] of expected.entries()) {
      await one.publish(key);
      if (index % 30 === 0) killReaders();
    }
    await until(() => there.heard.size === expected.length);
    expect([...there.heard.keys()].sort()).toEqual(expected.sort());
  });

  it('hears afterwards what was published while it could not connect', async () => {
    const connect = createRedisConnector();
    let isCut = false;
    const [one, other] = [
      create(redis.settings()),
      create(redis.settings(), {
        connect: (...args) => (isCut ? Promise.reject(new Error('cut')) : connect(...args)),
      }),
    ];
    const there = other.listen();
    await there.current();
    isCut = true;
    killReaders();
    await until(() => other.logger.lines.length > 0);
    await one.publish('alice');
    expect(there.heard.size).toBe(0);
    isCut = false;
    await until(() => there.heard.has('alice'));
  });

  it('lets the last entry of a key take the place of the ones before', async () => {
    const one = create(redis.settings());
    const there = create(redis.settings()).listen();
    await there.current();
    await one.publish('alice', 'first');
    await one.publish('alice', 'second');
    await until(() => there.heard.get('alice') === 'second');
    const late = create(redis.settings()).listen();
    await late.current();
    expect(late.heard.get('alice')).toBe('second');
  });

  it('tells of an expired entry where it takes the place of one in force', async () => {
    const one = create(redis.settings());
    const there = create(redis.settings()).listen();
    await one.publish('alice', 'revoked');
    await until(() => there.heard.get('alice') === 'revoked');
    await one.publish('alice', 'never mind', -1);
    await until(() => there.heard.get('alice') === 'never mind');
    const late = create(redis.settings()).listen();
    await late.current();
    expect([...late.heard]).toEqual([['alice', 'never mind']]);
  });

  it('skips what is no entry of this version, and says so once', async () => {
    const one = create(redis.settings());
    redis.cli('XADD', STREAM, '*', 'v', '2', 'something', 'new');
    redis.cli('XADD', STREAM, '*', 'v', '1', 'key', 'k', 'value', 'v', 'expires_at_ms', 'soon');
    await one.publish('alice');
    redis.cli('XADD', STREAM, '*', 'nonsense', '');
    const other = create(redis.settings());
    const there = other.listen();
    await there.current();
    expect([...there.heard.keys()]).toEqual(['alice']);
    expect(other.logger.messages('warn')).toEqual([
      'an entry in Redis is not one of this version; such entries are skipped',
    ]);
  });

  it('is neither current nor publishes where the key holds something else', async () => {
    redis.cli('SET', STREAM, 'text');
    const gateway = create(redis.settings());
    const here = gateway.listen();
    await expect(gateway.publish('alice')).rejects.toThrow(SharedStateUnavailable);
    await until(() => gateway.logger.messages('error').length === 2);
    expect(here.isCurrent()).toBe(false);
    expect(gateway.logger.lines.map(({ fields }) => fields.reason).sort()).toEqual([
      'Redis answered WRONGTYPE to XDEL',
      'Redis answered WRONGTYPE to XLEN',
    ]);
    redis.cli('DEL', STREAM);
    await here.current();
  });

  it('never calls a subscriber current again that has thrown', async () => {
    const gateway = create(redis.settings());
    const throwing = gateway.state.subscribe(CHANNEL, () => {
      throw new Error('cannot');
    });
    const other = gateway.listen();
    await Promise.all([throwing.current(), other.current()]);
    await gateway.publish('alice');
    expect([throwing.isCurrent(), other.isCurrent()]).toEqual([false, true]);
    expect(other.heard.size).toBe(1);
  });

  it('deletes what expired long ago and what was replaced, and never what is in force', async () => {
    const gateway = create(redis.settings());
    const here = gateway.listen();
    await gateway.publish('in force');
    await gateway.publish('long expired', 'v', -2 * HOUR_MS);
    await gateway.publish('just expired', 'v', -1000);
    await gateway.publish('replaced', 'first');
    await gateway.publish('replaced', 'second');
    await gateway.publish('long expired, but the last one', 'v', -2 * HOUR_MS);
    await here.current();
    await untilLengthIs(4, gateway, here);
    const kept = redis.cli('XRANGE', STREAM, '-', '+');
    for (const text of ['in force', 'just expired', 'second', 'but the last one']) {
      expect(kept).toContain(text);
    }
    const late = create(redis.settings()).listen();
    await late.current();
    expect([...late.heard].sort()).toEqual([
      ['in force', 'v'],
      ['replaced', 'second'],
    ]);
  });

  it('deletes nothing early where the clock of a gateway is hours ahead', async () => {
    const ahead = create(redis.settings(), { clock: () => systemClock() + 5 * HOUR_MS });
    const here = ahead.listen();
    const one = create(redis.settings());
    await one.publish('in force');
    await one.publish('long expired', 'v', -2 * HOUR_MS);
    await one.publish('the last one');
    await here.current();
    await untilLengthIs(2, ahead, here);
    expect(redis.cli('XRANGE', STREAM, '-', '+')).toContain('in force');
  });

  it('reads a full channel, and publishes nothing more into it', { timeout: 60_000 }, async () => {
    fill(100_000);
    const gateway = create(redis.settings({ timeout_ms: 5000 }));
    const here = gateway.listen();
    await here.current();
    expect(here.heard.size).toBe(100_000);
    await expect(gateway.publish('one more')).rejects.toThrow(SharedStateUnavailable);
    expect(here.isCurrent()).toBe(true);
  });

  it('refuses entries that could not be kept as they are', async () => {
    const { state } = create(redis.settings());
    for (const entry of [
      entryOf('k'.repeat(257)),
      entryOf('k', 'v'.repeat(4097)),
      entryOf('k', '\ud800'),
      { ...entryOf('k'), expires_at_ms: Number.POSITIVE_INFINITY },
    ]) {
      await expect(state.publish(CHANNEL, entry)).rejects.toThrow('an entry');
    }
    expect(redis.cli('EXISTS', STREAM)).toBe('0');
  });

  it('brings any text across as it is', async () => {
    const one = create(redis.settings());
    const there = create(redis.settings()).listen();
    const value = 'line\r\n"quoted" \u0000 ünï 🔑';
    await one.publish('ключ', value);
    await until(() => there.heard.size > 0);
    expect([...there.heard]).toEqual([['ключ', value]]);
  });

  function killReaders(): void {
    for (const line of redis.cli('CLIENT', 'LIST').split('\n')) {
      const id = /^id=(\d+) .* cmd=xread /.exec(line)?.[1];
      if (id !== undefined) redis.cli('CLIENT', 'KILL', 'ID', id);
    }
  }

  /** Makes half a minute pass each time that the reader has caught up. */
  async function untilLengthIs(
    length: number,
    gateway: Gateway,
    subscription: SharedSubscription,
  ): Promise<void> {
    while (redis.cli('XLEN', STREAM) !== String(length)) {
      gateway.pass(61_000);
      await subscription.current();
    }
  }

  function fill(count: number): void {
    const script = `for i = 1, ${count} do redis.call('XADD', KEYS[1], '*', 'v', '1', 'key', 'key ' .. i, 'value', string.rep('x', 200), 'expires_at_ms', ARGV[1]) end`;
    redis.cli('EVAL', script, '1', STREAM, String(systemClock() + HOUR_MS));
  }
});
