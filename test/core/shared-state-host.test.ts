import { beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { createLocalSharedState } from '../../src/core/local-shared-state.ts';
import { SharedStateUnavailable } from '../../src/core/shared-state.ts';
import { hostSecret, hostSharedState, offerSharedState } from '../../src/core/shared-state-host.ts';

beforeEach(() => {
  delete (globalThis as Record<symbol, unknown>)[Symbol.for('kong-cloud-run-auth.shared-state')];
});

/** As another bundle has it. */
async function anotherCopy(): Promise<{
  hostSharedState: typeof hostSharedState;
  hostSecret: typeof hostSecret;
}> {
  const address = '../../src/core/shared-state-host.ts?another-copy';
  return await import(address);
}

describe('where the host offers state', () => {
  it('all copies of the module find it, and its secret', async () => {
    const state = createLocalSharedState({ clock: systemClock });
    offerSharedState({ state, secret: new Uint8Array(32).fill(7) });
    const copy = await anotherCopy();
    expect(copy.hostSharedState).not.toBe(hostSharedState);
    expect(copy.hostSharedState(systemClock)).toBe(state);
    expect(copy.hostSecret()).toEqual(new Uint8Array(32).fill(7));
  });
});

describe('where the host offers none', () => {
  it('all copies of the module have one in common', async () => {
    const copy = await anotherCopy();
    const state = hostSharedState(systemClock);
    expect(copy.hostSharedState(systemClock)).toBe(state);
    expect(await state.claim('a', 1_000)).toBe(true);
    expect(await copy.hostSharedState(systemClock).claim('a', 1_000)).toBe(false);
  });

  it('they have a random secret of 32 bytes in common, which nobody changes for others', async () => {
    const secret = hostSecret();
    expect(secret).toHaveLength(32);
    expect(new Set(secret).size).toBeGreaterThan(8);
    expect((await anotherCopy()).hostSecret()).toEqual(secret);
    hostSecret().fill(0);
    expect(hostSecret()).toEqual(secret);
  });
});

it('tells unavailability by whichever copy of its class it was thrown', async () => {
  const address = '../../src/core/shared-state.ts?another-copy';
  const copy: { SharedStateUnavailable: typeof SharedStateUnavailable } = await import(address);
  expect(copy.SharedStateUnavailable).not.toBe(SharedStateUnavailable);
  expect(new copy.SharedStateUnavailable() instanceof SharedStateUnavailable).toBe(true);
  expect(new Error() instanceof SharedStateUnavailable).toBe(false);
  expect({ name: 'SharedStateUnavailable' } instanceof SharedStateUnavailable).toBe(false);
});
