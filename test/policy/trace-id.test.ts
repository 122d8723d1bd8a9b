import { describe, expect, it } from 'vitest';
import { readTraceId } from '../../src/policy/trace-id.ts';

const ID = '4bf92f3577b34da6a3ce929d0e0e4736';

describe('readTraceId', () => {
  it.each([`00-${ID}-00f067aa0ba902b7-01`, `cc-${ID}-00f067aa0ba902b7-01-what-the-future-brings`])(
    'reads %s',
    (header) => {
      expect(readTraceId(header)).toBe(ID);
    },
  );

  it.each([
    undefined,
    '',
    ID,
    `ff-${ID}-00f067aa0ba902b7-01`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${ID}-${'0'.repeat(16)}-01`,
    `00-${ID.toUpperCase()}-00f067aa0ba902b7-01`,
    `00-${ID}-00f067aa0ba902b7`,
  ])('finds none in %j', (header) => {
    expect(readTraceId(header)).toBeUndefined();
  });
});
