import { describe, expect, it } from 'vitest';
import {
  fromStreamFields,
  streamRecords,
  toStreamFields,
} from '../../../src/authorizer/redis/stream-entry.ts';
import { isAddedAfter } from '../../../src/authorizer/redis/stream-id.ts';

const ENTRY = { key: 'key', value: 'value', expires_at_ms: 1_800_000_000_000 };
const FIELDS = toStreamFields(ENTRY);

describe('an entry in a stream', () => {
  it('is read as it was written', () => {
    expect(fromStreamFields(FIELDS)).toEqual(ENTRY);
    expect(fromStreamFields(toStreamFields({ ...ENTRY, expires_at_ms: -5 }))).toEqual({
      ...ENTRY,
      expires_at_ms: -5,
    });
  });

  it('is in force for no less than it was meant to be', () => {
    const fields = toStreamFields({ ...ENTRY, expires_at_ms: 1000.2 });
    expect(fromStreamFields(fields)?.expires_at_ms).toBe(1001);
    const longest = toStreamFields({ ...ENTRY, expires_at_ms: Number.MAX_VALUE });
    expect(fromStreamFields(longest)?.expires_at_ms).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each([
    [[]],
    [FIELDS.slice(0, -1)],
    [[...FIELDS, 'more', 'fields']],
    [FIELDS.with(1, '2')],
    [FIELDS.with(0, 'version')],
    [FIELDS.with(3, 'k'.repeat(257))],
    [FIELDS.with(7, '')],
    [FIELDS.with(7, '1e3')],
    [FIELDS.with(7, '9999999999999999')],
  ])('is none where it is %j', (fields) => {
    expect(fromStreamFields(fields)).toBeNull();
  });

  it('is found in the answer to XREAD', () => {
    expect(streamRecords(null)).toEqual([]);
    expect(streamRecords([['stream', [['5-0', FIELDS]]]])).toEqual([{ id: '5-0', fields: FIELDS }]);
  });

  it.each(['OK', [], [['stream']], [['stream', [['5-0', null]]]], [['stream', ['5-0']]]])(
    'is not looked for in %j',
    (answer) => {
      expect(() => streamRecords(answer)).toThrow('Redis answered XREAD with what is no stream');
    },
  );

  it.each([
    ['2-0', '1-9', true],
    ['10-0', '9-0', true],
    ['9-0', '10-0', false],
    ['5-10', '5-9', true],
    ['5-9', '5-9', false],
    ['18446744073709551615-1', '18446744073709551614-2', true],
  ])('%s comes after %s: %j', (id, other, expected) => {
    expect(isAddedAfter(id, other)).toBe(expected);
  });
});
