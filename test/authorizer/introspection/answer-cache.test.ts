import { expect, it } from 'vitest';
import { createAnswerCache } from '../../../src/authorizer/introspection/answer-cache.ts';

const active = { outcome: 'active', claims: {} } as const;
const inactive = { outcome: 'inactive' } as const;

it('forgets no active token for ten thousand that are nothing', () => {
  const cache = createAnswerCache();
  cache.set('good', active, 0, 100);
  for (let junk = 0; junk <= 10_000; junk += 1) cache.set(`junk-${junk}`, inactive, 0, 20);
  expect(cache.get('good', 30, 0)).toBe(active);
  expect(cache.get('junk-0', 30, 0)).toBeUndefined();
  expect(cache.get('junk-10000', 30, 0)).toBe(inactive);
});

it('keeps ten thousand active tokens', () => {
  const cache = createAnswerCache();
  for (let token = 0; token <= 10_000; token += 1) cache.set(`token-${token}`, active, 0, 100);
  expect(cache.get('token-0', 30, 0)).toBeUndefined();
  expect(cache.get('token-1', 30, 0)).toBe(active);
});

it('keeps fewer of them where the answers are large', () => {
  const cache = createAnswerCache();
  for (let token = 0; token <= 128; token += 1) cache.set(`token-${token}`, active, 0, 262_144);
  expect(cache.get('token-0', 30, 0)).toBeUndefined();
  expect(cache.get('token-1', 30, 0)).toBe(active);
  expect(cache.get('token-128', 30, 0)).toBe(active);
});

it('lets the last answer about a token be the only one', () => {
  const cache = createAnswerCache();
  cache.set('token', active, 0, 100);
  cache.set('token', inactive, 1000, 20);
  expect(cache.get('token', 30, 1000)).toBe(inactive);
  expect(cache.get('token', 30, 6000)).toBeUndefined();
  cache.set('token', active, 6000, 100);
  cache.set('token', inactive, 7000, 20);
  cache.set('token', active, 8000, 100);
  expect(cache.get('token', 1, 8500)).toBe(active);
});
