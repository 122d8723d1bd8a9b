import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExpiringTable } from '../../../src/core/shared-state/expiring-table.ts';

const KEPT_MS = 50;

describe('a table of what expires', () => {
  it('finds what a map finds, as long as it has not expired', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', '__proto__', 'constructor');
    const step = fc.record({ key, ttl_ms: fc.integer({ min: -5, max: 60 }), pause_ms: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const table = new ExpiringTable<number>({ most: 4, kept_ms: KEPT_MS });
        const model = new Map<string, { value: number; expires_at_ms: number }>();
        let now = 1_000;
        steps.forEach(({ key, ttl_ms, pause_ms }, value) => {
          now += pause_ms;
          const inForce = () => [...model.values()].filter((item) => item.expires_at_ms > now);
          const known = model.get(key);
          const isFull = (known?.expires_at_ms ?? 0) <= now && inForce().length >= 4;
          const hasRoom = table.get(key) !== undefined || table.hasRoom(now);
          expect(hasRoom || isFull).toBe(true);
          if (!hasRoom) return;
          table.set(key, value, now + ttl_ms, now);
          model.set(key, { value, expires_at_ms: now + ttl_ms });
          expect(table.inForce(now).sort()).toEqual(
            inForce()
              .map((item) => item.value)
              .sort(),
          );
          expect(table.size).toBeLessThanOrEqual(4);
        });
      }),
    );
  });

  it('keeps what has expired for a while, and then drops a few at each call', () => {
    const table = new ExpiringTable<number>({ most: 1_000, kept_ms: KEPT_MS });
    for (let count = 0; count < 100; count += 1) table.set(`old-${count}`, count, 10, 0);
    table.set('a', 0, 1_000, 10 + KEPT_MS - 1);
    expect(table.size).toBe(101);
    table.set('b', 0, 1_000, 10 + KEPT_MS);
    expect(table.size).toBe(94);
    for (let count = 0; count < 20; count += 1) table.set('c', 0, 1_000, 10 + KEPT_MS);
    expect(table.size).toBe(3);
  });

  it('says until when something that it has dropped was in force', () => {
    const table = new ExpiringTable<number>({ most: 2, kept_ms: KEPT_MS });
    table.set('a', 1, 10, 0);
    table.set('b', 2, 20, 0);
    expect(table.forgotten_until_ms).toBe(Number.NEGATIVE_INFINITY);
    expect(table.hasRoom(15)).toBe(true);
    expect(table.forgotten_until_ms).toBe(10);
  });

  it('takes in what it has no room for, and drops the expired for it as soon as it can', () => {
    const table = new ExpiringTable<number>({ most: 1, kept_ms: KEPT_MS });
    table.set('a', 1, 10, 0);
    table.set('b', 2, 20, 0);
    expect(table.inForce(0)).toEqual([1, 2]);
    table.set('c', 3, 30, 10);
    expect(table.inForce(0)).toEqual([2, 3]);
  });
});
