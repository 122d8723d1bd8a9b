import { describe, expect, it } from 'vitest';
import { failureReason } from '../../../src/core/google/failure-reason.ts';
import { Malfunction } from '../../../src/core/malfunction.ts';

const SECRET = 'eyJhbGciOiJSUzI1NiJ9.c2VjcmV0.c2ln';

function httpError(status: number, data: unknown): Error {
  return Object.assign(new Error(`body: ${SECRET}`), { response: { status, data }, code: status });
}

describe('the reason of a failed exchange', () => {
  it.each([
    ['our own sentence', new Malfunction('no answer within 10 ms'), 'no answer within 10 ms'],
    ['the HTTP status', httpError(503, SECRET), 'HTTP 503'],
    ['an OAuth error code', httpError(400, { error: 'invalid_grant' }), 'HTTP 400 invalid_grant'],
    ['no other error text', httpError(400, { error: SECRET }), 'HTTP 400'],
    ['no error object', httpError(403, { error: { message: SECRET } }), 'HTTP 403'],
    [
      'a system error code',
      Object.assign(new Error(SECRET), { code: 'ECONNREFUSED' }),
      'ECONNREFUSED',
    ],
    [
      'no code that is a token',
      Object.assign(new TypeError(SECRET), { code: SECRET }),
      'TypeError',
    ],
    ['a success too large to read', httpError(200, undefined), 'the answer is too large'],
    [
      'an answer found too large while it was read',
      new Error(SECRET, { cause: Object.assign(new Error(SECRET), { type: 'max-size' }) }),
      'the answer is too large',
    ],
    [
      'an attempt that was stopped',
      new Error(SECRET, { cause: Object.assign(new Error(SECRET), { name: 'AbortError' }) }),
      'no complete answer in time',
    ],
    [
      'no other cause',
      new Error(SECRET, { cause: Object.assign(new Error(SECRET), { type: SECRET }) }),
      'Error',
    ],
    ['nothing of a thrown string', SECRET, 'unknown error'],
  ])('is %s', (_, error, reason) => {
    expect(failureReason(error)).toBe(reason);
  });
});
