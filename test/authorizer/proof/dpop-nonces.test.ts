import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createDpopNonces } from '../../../src/authorizer/proof/dpop-nonces.ts';
import { NOW } from '../support.ts';
import { anyText } from './support.ts';

const SECRET = Buffer.alloc(32, 7);
/** A multiple of the lifetime, so that a nonce has just become current. */
const START = Math.ceil(NOW / 60) * 60;

function createNonces({ secret = SECRET, lifetime_seconds = 60, at = START } = {}) {
  let now_ms = at * 1000;
  const nonces = createDpopNonces({ secret, clock: () => now_ms, lifetime_seconds });
  return {
    ...nonces,
    advance(seconds: number) {
      now_ms += seconds * 1000;
    },
  };
}

it('takes its nonce as current for its lifetime, as aging for as long again, then no more', () => {
  const { issue, check, advance } = createNonces();
  const nonce = issue();
  expect(check(nonce)).toBe('current');
  advance(59.999);
  expect(check(nonce)).toBe('current');
  advance(0.001);
  expect(check(nonce)).toBe('aging');
  advance(59.999);
  expect(check(nonce)).toBe('aging');
  advance(0.001);
  expect(check(nonce)).toBe('invalid');
});

it('issues a nonce that is good for a lifetime at least, whenever it is asked', () => {
  fc.assert(
    fc.property(fc.nat(59_999), fc.nat(59_999), (offset_ms, later_ms) => {
      const { issue, check, advance } = createNonces({ at: START + offset_ms / 1000 });
      const nonce = issue();
      advance(later_ms / 1000);
      expect(check(nonce)).not.toBe('invalid');
    }),
  );
});

it('issues one nonce at a time, and never one twice', () => {
  const { issue, advance } = createNonces();
  const nonces = Array.from({ length: 50 }, () => {
    const nonce = issue();
    expect(issue()).toBe(nonce);
    advance(60);
    return nonce;
  });
  expect(new Set(nonces).size).toBe(50);
});

it('refuses the nonce of the time to come', () => {
  const later = createNonces({ at: START + 60 });
  expect(createNonces().check(later.issue())).toBe('invalid');
});

it('issues texts that a header may hold (RFC 9449 §8.1)', () => {
  expect(createNonces().issue()).toMatch(/^[A-Za-z0-9_-]{43}$/);
});

it('takes the nonces of a process that has the same secret, and of no other', () => {
  const nonce = createNonces().issue();
  expect(createNonces({ secret: Buffer.from(SECRET) }).check(nonce)).toBe('current');
  expect(createNonces({ secret: Buffer.alloc(32, 8) }).check(nonce)).toBe('invalid');
  expect(createNonces({ lifetime_seconds: 61 }).check(nonce)).toBe('invalid');
});

it('keeps its secret when the bytes it was given are wiped', () => {
  const secret = Buffer.from(SECRET);
  const { issue } = createNonces({ secret });
  secret.fill(0);
  expect(issue()).toBe(createNonces().issue());
});

it.each([
  ['none', undefined],
  ['an empty one', ''],
  ['a short one', 'A'],
  ['one of the right length', 'A'.repeat(43)],
  ['one that is not ASCII', 'é'.repeat(43)],
  ['a long one', 'A'.repeat(100_000)],
])('refuses %s', (_what, nonce) => {
  expect(createNonces().check(nonce)).toBe('invalid');
});

it('refuses its own nonce with anything changed', () => {
  const { issue, check } = createNonces();
  const nonce = issue();
  const change = fc
    .record({ position: fc.nat(nonce.length - 1), by: anyText })
    .map(({ position, by }) => `${nonce.slice(0, position)}${by}${nonce.slice(position + 1)}`)
    .filter((changed) => changed !== nonce);
  fc.assert(
    fc.property(change, (changed) => {
      expect(check(changed)).toBe('invalid');
    }),
  );
});

it('is not created from a short secret or for no time', () => {
  expect(() => createNonces({ secret: Buffer.alloc(31, 7) })).toThrow(RangeError);
  expect(() => createNonces({ lifetime_seconds: 0 })).toThrow(RangeError);
  expect(() => createNonces({ lifetime_seconds: Number.NaN })).toThrow(RangeError);
});
