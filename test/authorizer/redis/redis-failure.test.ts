import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { RedisFailure, toRedisFailure } from '../../../src/authorizer/redis/redis-failure.ts';

function replyError(message: string): Error {
  const command = { name: 'auth', args: ['gateway', 'secret'] };
  return Object.assign(new Error(message), { name: 'ReplyError', command });
}

describe('what may be said of an error of the driver', () => {
  it.each([
    ['NOPERM this user has no permissions to run the set command', 'Redis answered NOPERM to SET'],
    ['READONLY', 'Redis answered READONLY to SET'],
    ["ERR unknown command 'auth', with args beginning with: 'secret'", 'Redis answered ERR to SET'],
    ['secret', 'Redis answered an error to SET'],
    ['SECRET5', 'Redis answered an error to SET'],
    ['', 'Redis answered an error to SET'],
  ])('of %j is %j', (message, expected) => {
    expect(toRedisFailure(replyError(message), 'SET').message).toBe(expected);
  });

  it('is the code of an error of the system', () => {
    const error = Object.assign(new Error('connect ECONNREFUSED secret'), { code: 'ECONNREFUSED' });
    expect(toRedisFailure(error).message).toBe('the connection failed: ECONNREFUSED');
  });

  it.each([new Error('secret'), Object.assign(new Error('x'), { code: 'a secret' }), 'secret', {}])(
    'is nothing of any other, such as %j',
    (error) => {
      expect(toRedisFailure(error).message).toBe('the connection was lost');
    },
  );

  it('keeps no trace of the command', () => {
    const failure = toRedisFailure(replyError('WRONGPASS invalid username-password pair'));
    expect(failure.answered).toBe('WRONGPASS');
    expect(inspect(failure, { depth: 10, showHidden: true })).not.toContain('secret');
  });

  it('leaves what was said already as it is', () => {
    const failure = new RedisFailure('no answer within 500 ms');
    expect(toRedisFailure(failure, 'SET')).toBe(failure);
  });
});
