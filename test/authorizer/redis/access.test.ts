import { rmSync } from 'node:fs';
import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRedisConnector } from '../../../src/authorizer/redis/connect-redis.ts';
import { SharedStateUnavailable } from '../../../src/core/shared-state.ts';
import { createCertificates } from './support/create-certificates.ts';
import { createGateways, type Gateway } from './support/create-gateways.ts';
import { describeWith, type RedisServer, startRedis } from './support/start-redis.ts';
import { until } from './support/until.ts';

const PASSWORD = 'correct horse battery';
const WRONG = 'wrong staple';

/** All that it needs, as the documentation may say. */
const RIGHTS =
  '+set +xlen +xadd +xread +xrange +xdel +time +watch +unwatch +multi +exec +select'.split(' ');

describeWith(['redis-server', 'redis-cli'], 'access to Redis', () => {
  const { create } = createGateways();
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis({ args: ['--requirepass', PASSWORD], auth: ['-a', PASSWORD] });
    const user = (name: string, ...rules: string[]) =>
      redis.cli('ACL', 'SETUSER', name, 'on', `>${PASSWORD} of ${name}`, ...rules);
    user('gateway', '~kong-cloud-run-auth:*', '-@all', ...RIGHTS);
    user('reader', '~*', '-@all', '+xread', '+xrange');
    user('elsewhere', '~other:*', '+@all');
    user('anchored', '~*', '+@all', '-select');
  });
  afterAll(() => redis.stop());

  it('uses the password of the server', async () => {
    const gateway = create(redis.settings({ password: PASSWORD, database: 2 }));
    expect(await gateway.state.claim('value', 60_000)).toBe(true);
    await gateway.listen().current();
    expect(gateway.logger.lines).toEqual([]);
  });

  it('needs no more than a few rights', async () => {
    const [one, other] = [create(asUser('gateway')), create(asUser('gateway'))];
    expect(await one.state.claim('of user', 60_000)).toBe(true);
    const there = other.listen();
    await one.publish('alice');
    await until(() => there.heard.has('alice'));
    redis.cli('DEL', 'kong-cloud-run-auth:channel:revocations');
    await until(() => redis.cli('XLEN', 'kong-cloud-run-auth:channel:revocations') === '1');
    expect(one.logger.lines).toEqual([]);
  });

  it('is unavailable with a wrong password, and never tells it', async () => {
    const gateway = create(redis.settings({ password: WRONG }));
    await expectUnavailable(gateway, 'Redis answered WRONGPASS');
    const user = create(redis.settings({ username: 'gateway', password: WRONG }));
    await expectUnavailable(user, 'Redis answered WRONGPASS');
  });

  it('is unavailable without the password that the server wants', async () => {
    await expectUnavailable(create(redis.settings()), 'Redis answered NOAUTH');
  });

  it('is unavailable to a user who may not do what it takes', async () => {
    await expectUnavailable(create(asUser('reader')), 'Redis answered NOPERM');
  });

  it('is unavailable to a user who may not use the keys', async () => {
    await expectUnavailable(create(asUser('elsewhere')), 'Redis answered NOPERM');
  });

  it('is unavailable where its database cannot be had, instead of using another', async () => {
    const anchored = create({ ...asUser('anchored'), database: 3 });
    await expectUnavailable(anchored, 'Redis answered NOPERM');
    const beyond = create(redis.settings({ password: PASSWORD, database: 60_000 }));
    await expectUnavailable(beyond, 'Redis answered ERR');
  });

  it('can be used as soon as the user may', async () => {
    redis.cli('ACL', 'SETUSER', 'late', 'on', `>${PASSWORD} of late`, '~*', '-@all');
    const gateway = create(asUser('late'));
    await expectUnavailable(gateway, 'Redis answered NOPERM');
    redis.cli('ACL', 'SETUSER', 'late', '+@all');
    await gateway.listen().current();
    expect(await gateway.state.claim('late', 60_000)).toBe(true);
  });

  function asUser(username: string) {
    return redis.settings({ username, password: `${PASSWORD} of ${username}` });
  }
});

describeWith(['redis-server', 'redis-cli', 'openssl'], 'Redis over TLS', () => {
  const { create } = createGateways();
  let certificates: ReturnType<typeof createCertificates>;
  let redis: RedisServer;
  beforeAll(async () => {
    certificates = createCertificates();
    redis = await startRedis({ tls: certificates });
  });
  afterAll(async () => {
    await redis.stop();
    rmSync(certificates.folder, { recursive: true, force: true });
  });

  it('is used where the certificate is that of a trusted authority for this host', async () => {
    const connect = createRedisConnector({ ca: certificates.ca });
    for (const name of [{}, { server_name: 'redis.test' }]) {
      const gateway = create(redis.settings({ ssl: true, ...name }), { connect });
      await gateway.state.claim('value', 60_000);
      const here = gateway.listen();
      await here.current();
      await gateway.publish('alice');
      expect(here.heard.has('alice')).toBe(true);
    }
  });

  it('is unavailable where the authority is not trusted', async () => {
    const gateway = create(redis.settings({ ssl: true }));
    await expectUnavailable(gateway, 'the connection failed: SELF_SIGNED_CERT_IN_CHAIN');
  });

  it('is unavailable where the certificate is for another name', async () => {
    const connect = createRedisConnector({ ca: certificates.ca });
    const settings = redis.settings({ ssl: true, server_name: 'other.test' });
    const gateway = create(settings, { connect });
    await expectUnavailable(gateway, 'the connection failed: ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('is used with any certificate where ssl_verify is off', async () => {
    const gateway = create(redis.settings({ ssl: true, ssl_verify: false }));
    expect(await gateway.state.claim('unverified', 60_000)).toBe(true);
  });

  it('is unavailable where only one side speaks TLS', async () => {
    await expectUnavailable(create(redis.settings()), /the connection|no answer/);
    const plain = await startRedis();
    const settings = plain.settings({ ssl: true, timeout_ms: 200 });
    await expectUnavailable(create(settings), /the connection|no answer/);
    await plain.stop();
  });
});

/** Each part says once why, and nobody says the password. */
async function expectUnavailable(gateway: Gateway, reason: string | RegExp): Promise<void> {
  const { state, logger } = gateway;
  const subscription = gateway.listen();
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const failures = await Promise.all([
      state.claim(`unavailable ${reason}`, 60_000).catch((error: unknown) => error),
      gateway.publish('unavailable').catch((error: unknown) => error),
    ]);
    for (const failure of failures) {
      expect(failure).toBeInstanceOf(SharedStateUnavailable);
      expect(String(failure)).toMatch(reason);
      expectNoPassword(failure);
    }
  }
  await until(() => logger.messages('error').length === 3);
  expect(subscription.isCurrent()).toBe(false);
  for (const { fields } of logger.lines) expect(fields.reason).toMatch(reason);
  expectNoPassword(logger.lines);
}

function expectNoPassword(value: unknown): void {
  const text = inspect(value, { depth: 10, showHidden: true });
  expect(text).not.toContain(PASSWORD);
  expect(text).not.toContain(WRONG);
}
