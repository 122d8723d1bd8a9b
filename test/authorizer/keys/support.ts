import { vi } from 'vitest';
import { createKeyRegistry } from '../../../src/authorizer/keys/create-key-registry.ts';
import type { KeyLimits } from '../../../src/authorizer/keys/key-state.ts';
import type { KeySet, KeySource } from '../../../src/authorizer/keys/load-keys.ts';
import {
  type Answer,
  configOf,
  createHarness,
  ISSUER,
  JWKS_URI,
  json,
  type SigningKey,
} from '../support.ts';

export const DISCOVERY_URL = `${ISSUER}/.well-known/openid-configuration`;
export const SOURCE: KeySource = { issuer: ISSUER, jwks_uri: JWKS_URI };
export const LIMITS: KeyLimits = {
  timeout_ms: 3000,
  cache_seconds: 600,
  max_stale_seconds: 86_400,
  cooldown_seconds: 30,
};

export const down: Answer = () => {
  const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  throw new TypeError('fetch failed', { cause });
};

export function keysWith(headers: Record<string, string>, ...keys: SigningKey[]): Answer {
  return json({ keys: keys.map(({ jwk }) => jwk) }, 200, headers);
}

/** An answer that the test releases. */
export function held(answer: Answer) {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const wait: Answer = async (signal) => {
    await gate;
    return answer(signal);
  };
  return { answer: wait, release };
}

/** Waits for what happens in the background. */
export function until(condition: () => boolean | Promise<boolean>) {
  return vi.waitUntil(condition, { timeout: 5000, interval: 5 });
}

/** A registry by itself, asked for keys by their `kid` alone. */
export function createRegistryHarness(answers: Record<string, Answer>) {
  const harness = createHarness(configOf(), answers);
  const registry = createKeyRegistry(harness);

  function ask(
    kid: string,
    { source = SOURCE, limits = LIMITS, existed_at_ms = Number.POSITIVE_INFINITY } = {},
  ) {
    const attempt = async (keys: KeySet) => {
      const isKnown = keys.jwks().keys.some((key) => key.kid === kid);
      return isKnown ? 'verified' : 'unknown_key';
    };
    return registry.withKeys(source, limits, attempt, existed_at_ms);
  }

  /** The object that requests are given now. */
  async function keysInUse({ source = SOURCE, limits = LIMITS } = {}): Promise<KeySet | undefined> {
    let inUse: KeySet | undefined;
    await registry.withKeys(source, limits, async (keys) => {
      inUse = keys;
      return 'verified';
    });
    return inUse;
  }

  return { ...harness, registry, ask, keysInUse };
}
