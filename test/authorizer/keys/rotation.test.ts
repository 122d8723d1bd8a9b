import { describe, expect, it } from 'vitest';
import { createKey, JWKS_URI, notModified } from '../support.ts';
import { createRegistryHarness, down, held, keysWith, LIMITS, SOURCE, until } from './support.ts';

const oldKey = createKey('ES256', 'old');
const newKey = createKey('ES256', 'new');
const COOLDOWN = LIMITS.cooldown_seconds;

const verified = { outcome: 'verified' };
const refuted = { outcome: 'unknown_key' };
const unavailable = (retry_after_seconds: number) => ({
  outcome: 'keys_unavailable',
  retry_after_seconds,
});

/** A registry that has just fetched the old key. */
async function start() {
  const harness = createRegistryHarness({ [JWKS_URI]: keysWith({ etag: '"1"' }, oldKey) });
  await harness.ask('old');
  const rotate = () => {
    harness.answers[JWKS_URI] = keysWith({ etag: '"2"' }, oldKey, newKey);
  };
  return { ...harness, rotate };
}

describe('a rotation', () => {
  it.each([0.001, 1, 29, 300])(
    '%d seconds after a fetch is seen with the first token that names the new key',
    async (seconds) => {
      const { ask, rotate, advance, requests } = await start();
      advance(seconds);
      rotate();
      expect(await ask('old')).toEqual(verified);
      expect(requests).toHaveLength(1);
      expect(await ask('new')).toEqual(verified);
      expect(await ask('old')).toEqual(verified);
      expect(await ask('new')).toEqual(verified);
      expect(requests).toHaveLength(2);
    },
  );

  it('costs one fetch, however many tokens with the new key come together, and none is refused', async () => {
    const { ask, rotate, advance, requests } = await start();
    advance(1);
    rotate();
    const together = Array.from({ length: 100 }, (_, index) => ask(index % 2 ? 'old' : 'new'));
    expect(new Set((await Promise.all(together)).map(({ outcome }) => outcome))).toEqual(
      new Set(['verified']),
    );
    expect(requests).toHaveLength(2);
  });

  it('within the cooldown of a fetch that junk has provoked puts good tokens off, and calls none invalid', async () => {
    const { ask, rotate, advance, requests } = await start();
    advance(1);
    expect(await ask('junk')).toEqual(refuted);
    rotate();
    advance(5);
    expect(await ask('new')).toEqual(unavailable(COOLDOWN - 5));
    advance(COOLDOWN - 5 - 0.5);
    expect(await ask('new')).toEqual(unavailable(1));
    expect(await ask('old')).toEqual(verified);
    advance(0.5);
    expect(await ask('new')).toEqual(verified);
    expect(requests).toHaveLength(3);
  });

  it('under a steady flood of junk calls no good token invalid, and puts none off beyond the cooldown', async () => {
    const { ask, rotate, advance } = await start();
    const putOff: number[] = [];
    for (let second = 0; second < 120; second += 1) {
      if (second === 40) rotate();
      const key = second < 40 ? 'old' : 'new';
      const [, good] = await Promise.all([ask(`junk ${second}`), ask(key)]);
      expect(good).not.toEqual(refuted);
      if (good.outcome !== 'verified') putOff.push(second);
      advance(1);
    }
    expect(putOff.length).toBeLessThanOrEqual(COOLDOWN);
    expect(putOff.every((second) => second >= 40 && second < 40 + COOLDOWN)).toBe(true);
  });

  it('that happens while keys are being fetched calls no good token invalid', async () => {
    const { ask, rotate, answers, advance, requests } = await start();
    const gate = held(notModified());
    answers[JWKS_URI] = gate.answer;
    advance(0.8 * LIMITS.cache_seconds);
    await ask('old');
    advance(1);
    const waiting = ask('new');
    gate.release();
    expect(await waiting).toEqual(unavailable(1));
    rotate();
    advance(1);
    expect(await ask('new')).toEqual(verified);
    expect(requests).toHaveLength(3);
  });

  it('that comes in while a token is being checked with keys from just before calls it not invalid', async () => {
    const { registry, ask, rotate, answers, advance } = await start();
    const gate = held(keysWith({}, createKey('ES256', 'third')));
    answers[JWKS_URI] = gate.answer;
    advance(0.8 * LIMITS.cache_seconds);
    await ask('old');
    advance(1);
    let attempts = 0;
    const waiting = registry.withKeys(SOURCE, LIMITS, async () => {
      attempts += 1;
      if (attempts === 2) {
        rotate();
        advance(1);
        expect(await ask('new')).toEqual(verified);
      }
      return 'unknown_key';
    });
    gate.release();
    expect(await waiting).toMatchObject({ outcome: 'keys_unavailable' });
    expect(attempts).toBe(2);
  });

  it('is seen while the keys are stale and the issuer was down', async () => {
    const { ask, rotate, answers, advance } = await start();
    answers[JWKS_URI] = down;
    advance(LIMITS.cache_seconds);
    expect(await ask('old')).toEqual(verified);
    await until(async () => (await ask('new')).outcome === 'keys_unavailable');
    expect(await ask('new')).toEqual(unavailable(COOLDOWN));
    rotate();
    advance(COOLDOWN);
    expect(await ask('new')).toEqual(verified);
    expect(await ask('old')).toEqual(verified);
  });
});

describe('a key that the issuer does not name', () => {
  it('is looked for at the issuer itself, since a cache on the way may not know it yet', async () => {
    const { ask, advance, sent } = await start();
    advance(LIMITS.cache_seconds + COOLDOWN);
    await ask('old');
    advance(1);
    await ask('junk');
    expect(sent.map((headers) => headers.get('cache-control'))).toEqual([null, null, 'no-cache']);
  });

  it('is refuted where the issuer was asked because of it', async () => {
    const { ask, advance, requests } = await start();
    advance(1);
    expect(await ask('junk')).toEqual(refuted);
    expect(requests).toHaveLength(2);
  });

  it('is refuted by the very first answer, which is not asked for twice', async () => {
    const { ask, requests } = createRegistryHarness({ [JWKS_URI]: keysWith({}, oldKey) });
    expect(await ask('junk')).toEqual(refuted);
    expect(requests).toHaveLength(1);
  });

  it('is refuted within the cooldown where its token says it is older than the last answer', async () => {
    const { ask, clock, advance, requests } = await start();
    advance(1);
    await ask('junk');
    const answered_at_ms = clock();
    advance(1);
    expect(await ask('withdrawn', { existed_at_ms: answered_at_ms })).toEqual(refuted);
    expect(await ask('withdrawn', { existed_at_ms: answered_at_ms + 1 })).toEqual(
      unavailable(COOLDOWN - 1),
    );
    for (const existed_at_ms of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(await ask('junk', { existed_at_ms })).toEqual(unavailable(COOLDOWN - 1));
    }
    expect(requests).toHaveLength(2);
  });

  it('is asked for once the cooldown is over, however old its token says it is', async () => {
    const { ask, rotate, advance } = await start();
    rotate();
    advance(1);
    expect(await ask('new', { existed_at_ms: 0 })).toEqual(verified);
  });

  it('is not refuted while the issuer does not answer, however old its token says it is', async () => {
    const { ask, answers, advance } = await start();
    answers[JWKS_URI] = down;
    advance(1);
    expect(await ask('junk', { existed_at_ms: 0 })).toEqual(unavailable(COOLDOWN));
    advance(1);
    expect(await ask('junk', { existed_at_ms: 0 })).toEqual(unavailable(COOLDOWN - 1));
  });

  it('is not refuted by an answer from before a clock was set back', async () => {
    const { ask, rotate, advance } = await start();
    advance(-5);
    rotate();
    expect(await ask('new')).toEqual(verified);
  });
});

describe('ten thousand unknown keys', () => {
  it('cause one fetch within a cooldown, and one more after it', async () => {
    const { ask, advance, requests } = await start();
    advance(1);
    for (let round = 1; round <= 2; round += 1) {
      for (let second = 0; second < COOLDOWN; second += 3) {
        const flood = Array.from({ length: 1000 }, (_, index) =>
          ask(`${round}-${second}-${index}`),
        );
        const outcomes = new Set((await Promise.all(flood)).map(({ outcome }) => outcome));
        expect(outcomes).toEqual(new Set([second === 0 ? 'unknown_key' : 'keys_unavailable']));
        advance(3);
      }
      expect(requests).toHaveLength(1 + round);
    }
    expect(await ask('old')).toEqual(verified);
  });

  it('cause one attempt per cooldown where the issuer is down', async () => {
    const { ask, answers, advance, requests } = await start();
    answers[JWKS_URI] = down;
    advance(1);
    for (let second = 0; second < 2 * COOLDOWN; second += 3) {
      const flood = Array.from({ length: 500 }, (_, index) => ask(`${second}-${index}`));
      const outcomes = new Set((await Promise.all(flood)).map(({ outcome }) => outcome));
      expect(outcomes).toEqual(new Set(['keys_unavailable']));
      advance(3);
    }
    expect(requests).toHaveLength(1 + 2);
  });

  it('leave the keys in use what they are', async () => {
    const { registry, ask, answers, advance } = await start();
    const keys = registry.peek(SOURCE, LIMITS);
    answers[JWKS_URI] = notModified();
    advance(1);
    await Promise.all(Array.from({ length: 100 }, (_, index) => ask(`${index}`)));
    expect(registry.peek(SOURCE, LIMITS)).toBe(keys);
  });
});
