import { describe, expect, it } from 'vitest';
import { KnownEntries } from '../../../src/authorizer/redis/known-entries.ts';
import type { SharedEntry } from '../../../src/core/shared-state.ts';

const entry = (key: string, value = 'v', expires_at_ms = 1000): SharedEntry => ({
  key,
  value,
  expires_at_ms,
});

describe('the known entries of a stream', () => {
  it('are told once, in whatever way they become known', () => {
    const known = new KnownEntries();
    expect(known.added('5-0', entry('a'))).toBe(true);
    expect(known.found('5-0', entry('a'))).toBe(false);
    expect(known.found('6-0', entry('b'))).toBe(true);
    expect(known.added('6-0', entry('b'))).toBe(false);
    expect(known.inForce(0)).toEqual([entry('a'), entry('b')]);
  });

  it('are those that were added last, in whatever order they become known', () => {
    const known = new KnownEntries();
    expect(known.added('9-0', entry('a', 'last'))).toBe(true);
    expect(known.found('5-0', entry('a', 'first'))).toBe(false);
    expect(known.inForce(0)).toEqual([entry('a', 'last')]);
    expect(known.found('10-0', entry('a', 'later still'))).toBe(true);
    expect(known.inForce(0)).toEqual([entry('a', 'later still')]);
  });

  it('are in force until their time', () => {
    const known = new KnownEntries();
    known.found('5-0', entry('a', 'v', 1000));
    expect(known.inForce(999)).toHaveLength(1);
    expect(known.inForce(1000)).toHaveLength(0);
  });

  it('are lost where the whole stream was read without them', () => {
    const known = new KnownEntries();
    known.beginReading();
    known.found('5-0', entry('a'));
    known.found('6-0', entry('expired', 'v', 10));
    known.added('7-0', entry('b'));
    expect(known.lost(500).map(({ key }) => key)).toEqual(['b']);
    known.found('7-0', entry('b'));
    expect(known.lost(500)).toEqual([]);
    known.beginReading();
    known.found('7-0', entry('b'));
    expect(known.lost(500).map(({ key }) => key)).toEqual(['a']);
  });

  it('are lost where an old copy of the stream has only what they had replaced', () => {
    const known = new KnownEntries();
    known.beginReading();
    known.found('5-0', entry('a', 'first'));
    known.found('9-0', entry('a', 'last'));
    known.beginReading();
    known.found('5-0', entry('a', 'first'));
    expect(known.lost(500)).toEqual([entry('a', 'last')]);
  });

  it('are swept some time after they have expired, except for the last one', () => {
    const known = new KnownEntries();
    known.found('5-0', entry('a', 'v', 100));
    known.found('6-0', entry('b', 'v', 1000));
    known.found('7-0', entry('c', 'v', 100));
    expect(known.sweep(500, '7-0')).toEqual(['5-0']);
    expect(known.sweep(500, '7-0')).toEqual([]);
    expect(known.sweep(500, '8-0')).toEqual(['7-0']);
    expect(known.inForce(0).map(({ key }) => key)).toEqual(['b']);
  });

  it('are swept the second time after they were replaced', () => {
    const known = new KnownEntries();
    known.found('5-0', entry('a', 'first'));
    known.found('6-0', entry('a', 'second'));
    expect(known.sweep(0, '6-0')).toEqual([]);
    expect(known.sweep(0, '6-0')).toEqual(['5-0']);
    expect(known.sweep(0, '6-0')).toEqual([]);
    expect(known.inForce(0)).toEqual([entry('a', 'second')]);
  });
});
