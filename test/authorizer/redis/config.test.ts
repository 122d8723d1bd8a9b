import { describe, expect, it } from 'vitest';
import { redisFields } from '../../../src/authorizer/redis/config.ts';
import { toKongSchema } from '../../../src/core/config/kong-schema.ts';
import { parseConfig } from '../../../src/core/config/parse-config.ts';
import { ConfigError } from '../../../src/core/config-error.ts';

function problemsOf(config: Record<string, unknown>): readonly string[] {
  try {
    parseConfig(redisFields, { host: 'redis.internal', ...config });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('the fields of Redis', () => {
  it('need nothing but a host', () => {
    expect(parseConfig(redisFields, { host: 'redis.internal' })).toEqual({
      host: 'redis.internal',
      port: 6379,
      database: 0,
      ssl: false,
      ssl_verify: true,
      timeout_ms: 500,
      key_prefix: 'kong-cloud-run-auth:',
      max_stale_seconds: 60,
    });
    expect(() => parseConfig(redisFields, {})).toThrow('config.host');
  });

  it.each(['redis', '10.0.0.3', '::1', 'redis_1.internal'])('take %s for a host', (host) => {
    expect(problemsOf({ host })).toEqual([]);
  });

  it.each(['', 'redis://redis', 'redis:6379/0 ', 'user@redis', '/run/redis.sock', 'a\nb'])(
    'do not take %j for a host',
    (host) => {
      expect(problemsOf({ host })).not.toEqual([]);
    },
  );

  it('want a password where there is a username', () => {
    expect(problemsOf({ username: 'gateway' })).toEqual([
      'config.password: is required where there is a username',
    ]);
    expect(problemsOf({ username: 'gateway', password: 'secret' })).toEqual([]);
  });

  it('refuse what Kong leaves of a vault reference that it cannot resolve', () => {
    expect(problemsOf({ password: '' })).toHaveLength(1);
    expect(problemsOf({ username: '', password: 'secret' })).toHaveLength(1);
  });

  it.each([
    { port: 0 },
    { port: 65_536 },
    { database: -1 },
    { timeout_ms: 49 },
    { timeout_ms: 5001 },
    { max_stale_seconds: 4 },
    { max_stale_seconds: 3601 },
    { key_prefix: '' },
    { key_prefix: 'a b' },
    { server_name: 'a/b' },
    { sentinels: [] },
  ])('refuse %j', (changes) => {
    expect(problemsOf(changes)).not.toEqual([]);
  });

  it('have a Kong schema in which both credentials may come from a vault', () => {
    const fields = Object.fromEntries(
      toKongSchema(redisFields).flatMap((field) => Object.entries(field)),
    );
    for (const name of ['username', 'password']) {
      expect(fields[name]).toMatchObject({ referenceable: true, encrypted: true });
    }
    expect(fields.host).toMatchObject({ required: true });
    for (const field of Object.values(fields)) expect(field.description).toBeTruthy();
  });
});
