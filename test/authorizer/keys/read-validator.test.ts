import { expect, it } from 'vitest';
import { readValidator } from '../../../src/authorizer/keys/read-validator.ts';

const DATE = 'Fri, 20 Nov 2026 12:00:00 GMT';

it.each(['"a1"', 'W/"a1"', '""', '"!#~"'])('takes the ETag %s', (etag) => {
  const headers = new Headers({ etag, 'last-modified': DATE });
  expect(readValidator(headers)).toEqual({ header: 'if-none-match', value: etag });
});

it('takes Last-Modified where there is no ETag', () => {
  const headers = new Headers({ 'last-modified': DATE });
  expect(readValidator(headers)).toEqual({ header: 'if-modified-since', value: DATE });
});

it.each(['*', 'a1', '"a1', 'w/"a1"', '"a", "b"', '"a b"', `"${'a'.repeat(257)}"`])(
  'takes no ETag %s',
  (etag) => {
    expect(readValidator(new Headers({ etag }))).toBeNull();
  },
);

it.each(['yesterday', '2026-11-20T12:00:00Z', 'Friday, 20-Nov-26 12:00:00 GMT', '0'])(
  'takes no Last-Modified %s',
  (date) => {
    expect(readValidator(new Headers({ 'last-modified': date }))).toBeNull();
  },
);
