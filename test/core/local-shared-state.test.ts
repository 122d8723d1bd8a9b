import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { createLocalSharedState } from '../../src/core/local-shared-state.ts';
import { Malfunction } from '../../src/core/malfunction.ts';
import { ClaimTable } from '../../src/core/shared-state/claim-table.ts';
import { type SharedEntry, SharedStateUnavailable } from '../../src/core/shared-state.ts';

const START = Date.UTC(2026, 10, 20, 12);
const MINUTE = 60_000;

let now: number;
beforeEach(() => {
  now = START;
});

function create(most: { claims?: number; entries?: number } = {}) {
  return createLocalSharedState({ clock: () => now, most });
}

function entry(key: string, life_ms = MINUTE): SharedEntry {
  return { key, value: 'v', expires_at_ms: now + life_ms };
}

describe('a claim', () => {
  it('is the first of its key until it has run out', async () => {
    const state = create();
    expect(await state.claim('a', MINUTE)).toBe(true);
    expect(await state.claim('a', MINUTE)).toBe(false);
    expect(await state.claim('b', MINUTE)).toBe(true);
    now += MINUTE - 1;
    expect(await state.claim('a', MINUTE)).toBe(false);
    now += 1;
    expect(await state.claim('a', MINUTE)).toBe(true);
    expect(await state.claim('a', MINUTE)).toBe(false);
  });

  it('is won by one of those that are made at once', async () => {
    const state = create();
    const claims = await Promise.all([1, 2, 3].map(() => state.claim('a', MINUTE)));
    expect(claims).toEqual([true, false, false]);
  });

  it('is not prolonged by those that fail', async () => {
    const state = create();
    await state.claim('a', MINUTE);
    now += MINUTE - 1;
    await state.claim('a', 10 * MINUTE);
    now += 1;
    expect(await state.claim('a', MINUTE)).toBe(true);
  });

  it('is not free earlier where the clock is set back', async () => {
    const state = create();
    await state.claim('a', MINUTE);
    now -= 60 * MINUTE;
    expect(await state.claim('a', MINUTE)).toBe(false);
  });

  it('is not free again where the clock jumps ahead for a moment', async () => {
    const state = create();
    await state.claim('a', MINUTE);
    now += 2 * MINUTE;
    for (let count = 0; count < 20; count += 1) await state.claim(`b${count}`, MINUTE);
    now -= 2 * MINUTE;
    expect(await state.claim('a', MINUTE)).toBe(false);
  });

  it('cannot be known where the clock is set back to before claims that are forgotten', async () => {
    const state = create();
    await state.claim('a', MINUTE);
    now += 60 * MINUTE;
    await state.claim('b', MINUTE);
    now = START;
    await expect(state.claim('a', MINUTE)).rejects.toThrow(SharedStateUnavailable);
    await expect(state.claim('c', MINUTE)).rejects.toThrow(SharedStateUnavailable);
    now = START + MINUTE;
    expect(await state.claim('c', MINUTE)).toBe(true);
  });

  it('is true just where none of the same key is in force, or cannot be known, however the clock goes', async () => {
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      ttl_ms: fc.integer({ min: 1, max: 10 * MINUTE }),
      shift_ms: fc.oneof(
        fc.integer({ min: 0, max: MINUTE }),
        fc.integer({ min: -60 * MINUTE, max: 60 * MINUTE }),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), run),
    );

    async function run(steps: { key: string; ttl_ms: number; shift_ms: number }[], most: number) {
      now = START;
      const state = create({ claims: most });
      const taken: { key: string; expires_at_ms: number }[] = [];
      let latest = now;
      for (const { key, ttl_ms, shift_ms } of steps) {
        now += shift_ms;
        latest = Math.max(latest, now);
        const inForce = taken.filter(({ expires_at_ms }) => expires_at_ms > now);
        const isTaken = inForce.some((claim) => claim.key === key);
        const canBeKnown = now === latest && (isTaken || inForce.length < most);
        const outcome = await state.claim(key, ttl_ms).catch((error: Error) => error);
        if (canBeKnown || !(outcome instanceof Error)) expect(outcome).toBe(!isTaken);
        else expect(outcome).toBeInstanceOf(SharedStateUnavailable);
        if (outcome === true) taken.push({ key, expires_at_ms: now + ttl_ms });
      }
    }
  });

  it.each([
    ['of a long key', 'k'.repeat(257), MINUTE],
    ['that lasts for no time', 'a', 0],
    ['that ends before it begins', 'a', -1],
    ['that never ends', 'a', Number.POSITIVE_INFINITY],
    ['that lasts for what is no number', 'a', Number.NaN],
  ])('%s is a mistake', async (_, key, ttl_ms) => {
    await expect(create().claim(key, ttl_ms)).rejects.toThrow(Malfunction);
  });

  it('may have any other key', async () => {
    const state = create();
    for (const key of ['', '__proto__', '\ud800', 'k'.repeat(256)]) {
      expect(await state.claim(key, MINUTE)).toBe(true);
      expect(await state.claim(key, MINUTE)).toBe(false);
    }
  });
});

describe('when as many claims are in force as are kept', () => {
  it('there is no further one until one has run out, and none is lost', async () => {
    const state = create({ claims: 3 });
    await state.claim('a', MINUTE);
    await state.claim('b', 2 * MINUTE);
    await state.claim('c', 3 * MINUTE);
    await expect(state.claim('d', MINUTE)).rejects.toThrow(SharedStateUnavailable);
    for (const key of ['a', 'b', 'c']) expect(await state.claim(key, MINUTE)).toBe(false);
    now += MINUTE;
    expect(await state.claim('d', MINUTE)).toBe(true);
    await expect(state.claim('e', MINUTE)).rejects.toThrow(SharedStateUnavailable);
    expect(await state.claim('b', MINUTE)).toBe(false);
    await expect(state.claim('a', MINUTE)).rejects.toThrow(SharedStateUnavailable);
  });

  it('there are half a million', () => {
    const table = new ClaimTable({ clock: () => now });
    for (let count = 0; count < 500_000; count += 1) table.claim(String(count), MINUTE);
    expect(() => table.claim('one more', MINUTE)).toThrow(SharedStateUnavailable);
    expect(table.claim('0', MINUTE)).toBe(false);
  });
});

describe('an entry', () => {
  it('is heard of by those who come before and after it', async () => {
    const state = create();
    const heard: string[] = [];
    state.subscribe('c', ({ key }) => heard.push(`early ${key}`));
    await state.publish('c', entry('a'));
    state.subscribe('c', ({ key }) => heard.push(`late ${key}`));
    await state.publish('c', entry('b'));
    expect(heard).toEqual(['early a', 'late a', 'early b', 'late b']);
  });

  it('stays in its channel', async () => {
    const state = create();
    const heard: string[] = [];
    await state.publish('one', entry('a'));
    state.subscribe('two', ({ key }) => heard.push(key));
    await state.publish('one', entry('b'));
    expect(heard).toEqual([]);
  });

  it('takes the place of the one of the same key', async () => {
    const state = create({ entries: 1 });
    await state.publish('c', { ...entry('a'), value: 'old' });
    await state.publish('c', { ...entry('a', 2 * MINUTE), value: 'new' });
    now += MINUTE;
    const heard: SharedEntry[] = [];
    state.subscribe('c', (each) => heard.push(each));
    expect(heard).toEqual([{ key: 'a', value: 'new', expires_at_ms: START + 2 * MINUTE }]);
  });

  it('is not told to those who come once nobody needs it, unless the clock is set back', async () => {
    const state = create();
    await state.publish('c', entry('a'));
    const heard = () => {
      const keys: string[] = [];
      state.subscribe('c', ({ key }) => keys.push(key)).close();
      return keys;
    };
    now += 60 * MINUTE;
    await state.publish('c', entry('b', 100 * MINUTE));
    expect(heard()).toEqual(['b']);
    now = START;
    expect(heard()).toEqual(['a', 'b']);
  });

  it('has no room beside as many as are kept, until one is not needed any more', async () => {
    const state = create({ entries: 2 });
    await state.publish('one', entry('a'));
    await state.publish('two', entry('a', 2 * MINUTE));
    const heard: string[] = [];
    state.subscribe('two', ({ key }) => heard.push(key));
    await expect(state.publish('two', entry('b'))).rejects.toThrow(SharedStateUnavailable);
    expect(heard).toEqual(['a']);
    now += MINUTE;
    await state.publish('two', entry('b'));
    expect(heard).toEqual(['a', 'b']);
  });

  it('is as it was published, whatever becomes of the object', async () => {
    const state = create();
    const published = entry('a');
    await state.publish('c', published);
    published.key = 'b';
    const heard: SharedEntry[] = [];
    state.subscribe('c', (each) => heard.push(each));
    expect(heard).toMatchObject([{ key: 'a' }]);
    expect(heard[0]).toSatisfy(Object.isFrozen);
  });

  it.each([
    ['of a long key', 'c', { key: 'k'.repeat(257) }],
    ['of a long value', 'c', { value: 'v'.repeat(4_097) }],
    ['that never expires', 'c', { expires_at_ms: Number.POSITIVE_INFINITY }],
    ['for a channel whose name is no word', 'a channel', {}],
  ])('%s is a mistake', async (_, channel, change) => {
    await expect(create().publish(channel, { ...entry('a'), ...change })).rejects.toThrow(
      Malfunction,
    );
  });
});

describe('a subscription', () => {
  it('is current at once, until it is closed', async () => {
    const state = create();
    const heard: string[] = [];
    const subscription = state.subscribe('c', ({ key }) => heard.push(key));
    expect(subscription.isCurrent()).toBe(true);
    await subscription.current();
    subscription.close();
    expect(subscription.isCurrent()).toBe(false);
    await state.publish('c', entry('a'));
    expect(heard).toEqual([]);
  });

  it('that throws is not current any more, and others hear all the same', async () => {
    const state = create();
    const faulty = state.subscribe('c', () => {
      throw new Error('on purpose');
    });
    const heard: string[] = [];
    const sound = state.subscribe('c', ({ key }) => heard.push(key));
    await state.publish('c', entry('a'));
    expect(heard).toEqual(['a']);
    expect(sound.isCurrent()).toBe(true);
    expect(faulty.isCurrent()).toBe(false);
  });
});
