import { describe, expect, it, vi } from 'vitest';
import { createAuthorizerStage } from '../../../src/authorizer/create-authorizer-stage.ts';
import { REVOCATIONS_CHANNEL } from '../../../src/authorizer/revocation/revocation.ts';
import { toEntry } from '../../../src/authorizer/revocation/revocation-entry.ts';
import type { SharedState } from '../../../src/core/shared-state.ts';
import {
  configOf,
  createHarness,
  createKey,
  goodToken,
  ISSUER,
  JWKS_URI,
  keySet,
  NOW,
  reason,
  run,
  summary,
} from '../support.ts';

const key = createKey('ES256', 'key');
const HOUR_MS = 3_600_000;
const setUp = () => createHarness(configOf(), { [JWKS_URI]: keySet(key) });

function revocation(sub: string, expires_at_ms = NOW * 1000 + HOUR_MS) {
  const match: [{ claim: 'sub'; value: string }] = [{ claim: 'sub', value: sub }];
  return toEntry({ issuer: ISSUER, match, issued_until_seconds: NOW }, expires_at_ms);
}

describe('a revocation', () => {
  it('refuses a token that was accepted a moment ago, and no other', async () => {
    const { present, resources } = setUp();
    const token = goodToken(key);
    expect(summary(await present(token))).toBe('authenticated');
    await resources.state.publish(REVOCATIONS_CHANNEL, revocation('alice'));
    expect(reason(await present(token))).toBe('the token has been revoked');
    expect(summary(await present(goodToken(key, { sub: 'bob' })))).toBe('authenticated');
    expect(summary(await present(goodToken(key, { iat: NOW + 1 })))).toBe('authenticated');
  });

  it('that nobody here can read refuses everything until it has expired', async () => {
    const { present, resources, advance, logger } = setUp();
    const entry = { key: 'k', value: '{"of":"another version"}' };
    await resources.state.publish(REVOCATIONS_CHANNEL, {
      ...entry,
      expires_at_ms: NOW * 1000 + 60_000,
    });
    expect(summary(await present(goodToken(key)))).toBe('shared_state_unavailable');
    advance(61);
    expect(summary(await present(goodToken(key)))).toBe('authenticated');
    expect(logger.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('that is kept for a shorter time does not take the place of a longer one', () => {
    const long = revocation('alice', NOW * 1000 + 7 * 24 * HOUR_MS);
    expect(long.key).not.toBe(revocation('alice').key);
  });

  it('counts again where the clock had jumped ahead and is set back', async () => {
    const { present, resources, advance } = setUp();
    await resources.state.publish(REVOCATIONS_CHANNEL, revocation('alice'));
    advance(7200);
    for (let count = 0; count < 3000; count += 1) {
      const expires_at_ms = NOW * 1000 + 3 * HOUR_MS;
      await resources.state.publish(REVOCATIONS_CHANNEL, revocation(`u${count}`, expires_at_ms));
    }
    advance(-7200);
    expect(reason(await present(goodToken(key)))).toBe('the token has been revoked');
  });
});

describe('while it cannot be said what is revoked', () => {
  function blindState(state: SharedState) {
    let isCurrent = false;
    let settle = () => {};
    const current = new Promise<void>((resolve) => {
      settle = () => {
        isCurrent = true;
        resolve();
      };
    });
    const subscription = { isCurrent: () => isCurrent, current: () => current, close() {} };
    return { state: { ...state, subscribe: () => subscription }, see: () => settle() };
  }

  it('a request waits, and goes on once that is known', async () => {
    const { resources } = setUp();
    const { state, see } = blindState(resources.state);
    const stage = createAuthorizerStage(configOf(), { ...resources, state });
    const waiting = run(stage, `Bearer ${goodToken(key)}`);
    see();
    expect(summary(await waiting)).toBe('authenticated');
  });

  it('only the first request waits in vain, and one without a good token never', async () => {
    const { resources } = setUp();
    const { state, see } = blindState(resources.state);
    const stage = createAuthorizerStage(configOf({ timeout_ms: 50 }), { ...resources, state });
    const good = `Bearer ${goodToken(key)}`;
    expect(summary(await run(stage, 'Bearer x.y.z'))).toBe('invalid_token');
    expect(summary(await run(stage, good))).toBe('shared_state_unavailable');
    const timers = vi.spyOn(globalThis, 'setTimeout');
    expect(summary(await run(stage, good))).toBe('shared_state_unavailable');
    expect(timers).not.toHaveBeenCalled();
    see();
    expect(summary(await run(stage, good))).toBe('authenticated');
  });

  it('a request is refused after timeout_ms', async () => {
    const { resources } = setUp();
    const { state } = blindState(resources.state);
    const stage = createAuthorizerStage(configOf({ timeout_ms: 50 }), { ...resources, state });
    expect(await run(stage, `Bearer ${goodToken(key)}`)).toEqual({
      outcome: 'refuse',
      refusal: { code: 'shared_state_unavailable', retry_after_seconds: 1 },
    });
  });
});
