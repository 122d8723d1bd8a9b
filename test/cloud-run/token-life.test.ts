import { describe, expect, it } from 'vitest';
import { isUnexpired, isUsable, refreshIsDue } from '../../src/cloud-run/token-life.ts';

const MARGIN = 300_000;

function token(life_ms: number) {
  return { text: 'a.b.c', minted_at_ms: 0, expires_at_ms: life_ms };
}

describe('the life of a token', () => {
  it('ends ten seconds before exp, so that it does not expire on its way', () => {
    expect(isUsable(token(3_600_000), 3_589_999)).toBe(true);
    expect(isUsable(token(3_600_000), 3_590_000)).toBe(false);
  });

  it('ends for good at exp', () => {
    expect(isUnexpired(token(3_600_000), 3_599_999)).toBe(true);
    expect(isUnexpired(token(3_600_000), 3_600_000)).toBe(false);
    expect(isUnexpired(undefined, 0)).toBe(false);
  });

  it('has its refresh due once the clock was set back to before it came, unless by a mere correction', () => {
    expect(refreshIsDue(token(3_600_000), MARGIN, 0, -5000)).toBe(false);
    expect(refreshIsDue(token(3_600_000), MARGIN, 0, -5001)).toBe(true);
  });

  it.each([
    [0, 3_300_000],
    [0.5, 3_315_000],
    [0.999, 3_329_970],
  ])('with jitter %d has its refresh due from %d ms on', (jitter, due) => {
    expect(refreshIsDue(token(3_600_000), MARGIN, jitter, due - 1)).toBe(false);
    expect(refreshIsDue(token(3_600_000), MARGIN, jitter, due)).toBe(true);
  });

  it('has no refresh due in the first half of what was left, however wide the margin', () => {
    expect(refreshIsDue(token(240_000), MARGIN, 0, 119_999)).toBe(false);
    expect(refreshIsDue(token(240_000), MARGIN, 0, 120_000)).toBe(true);
  });
});
