import type { RedisConnection } from './connect-redis.ts';

/**
 * Whether Redis may throw one-time values away before their time when its memory is full. They could then be used again.
 *
 * @returns the policy that lets it, or null where none does or Redis does not say
 */
export async function evictionPolicy(
  connection: RedisConnection,
  time_ms: number,
): Promise<string | null> {
  try {
    const [answer] = await connection.send([['INFO', 'memory']], time_ms);
    const memory = String(answer);
    const policy = /^maxmemory_policy:([a-z-]{1,32})\r?$/m.exec(memory)?.[1];
    const isBounded = !/^maxmemory:0\r?$/m.test(memory);
    return isBounded && policy !== undefined && policy !== 'noeviction' ? policy : null;
  } catch {
    return null;
  }
}
