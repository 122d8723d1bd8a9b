import { createLocalJWKSet } from 'jose';
import { expect, it, vi } from 'vitest';
import { verifyOnce } from '../../../src/authorizer/token/verified-tokens.ts';
import {
  configOf,
  createHarness,
  createKey,
  goodToken,
  JWKS_URI,
  keySet,
  summary,
} from '../support.ts';

const newKeys = () => createLocalJWKSet({ keys: [] });

it('verifies a token once for the same keys', async () => {
  const keys = newKeys();
  const verify = vi.fn(async () => 'verified' as const);
  expect(await verifyOnce('token', keys, verify)).toBe('verified');
  expect(await verifyOnce('token', keys, verify)).toBe('verified');
  expect(verify).toHaveBeenCalledTimes(1);
});

it('verifies it again when the keys have been fetched again, and another token always', async () => {
  const keys = newKeys();
  const verify = vi.fn(async () => 'verified' as const);
  await verifyOnce('token', keys, verify);
  await verifyOnce('token', newKeys(), verify);
  await verifyOnce('tokem', keys, verify);
  expect(verify).toHaveBeenCalledTimes(3);
});

it('remembers neither a refusal nor a malfunction', async () => {
  const keys = newKeys();
  const verify = vi.fn<() => Promise<'verified' | 'bad_signature'>>();
  verify.mockResolvedValueOnce('bad_signature').mockRejectedValueOnce(new Error('broken'));
  verify.mockResolvedValue('verified');
  expect(await verifyOnce('token', keys, verify)).toBe('bad_signature');
  await expect(verifyOnce('token', keys, verify)).rejects.toThrow('broken');
  expect(await verifyOnce('token', keys, verify)).toBe('verified');
  expect(verify).toHaveBeenCalledTimes(3);
});

it('does not keep an expired token alive', async () => {
  const key = createKey('ES256', 'key');
  const harness = createHarness(configOf(), { [JWKS_URI]: keySet(key) });
  const token = goodToken(key);
  expect(summary(await harness.present(token))).toBe('authenticated');
  harness.advance(3_600 * 24);
  expect(summary(await harness.present(token))).toBe('invalid_token');
});
