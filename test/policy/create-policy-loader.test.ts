import { expect, it, vi } from 'vitest';
import { ConfigError } from '../../src/core/config-error.ts';
import { createPolicyLoader } from '../../src/policy/create-policy-loader.ts';
import { loadPolicy } from '../../src/policy/load-policy.ts';
import { countCacheResults } from '../core/count-cache-results.ts';
import { allow, policyText } from './support.ts';

it('loads a policy once, however many instances ask for it', () => {
  const load = vi.fn(loadPolicy);
  const loader = createPolicyLoader(load);
  const text = policyText([allow('a', 'true')]);
  expect(loader(text, 'policy.yaml')).toBe(loader(text, 'policy.yaml'));
  expect(load).toHaveBeenCalledOnce();
});

it('loads it again under another name or with other content', () => {
  const loader = createPolicyLoader();
  const text = policyText([allow('a', 'true')]);
  const policy = loader(text, 'policy.yaml');
  expect(loader(text, 'other.yaml')).not.toBe(policy);
  expect(loader(policyText([allow('b', 'true')]), 'policy.yaml')).not.toBe(policy);
});

it('refuses a faulty policy once, and remembers why', () => {
  const load = vi.fn(loadPolicy);
  const loader = createPolicyLoader(load);
  for (const _ of [1, 2]) expect(() => loader('version: 2', 'policy.yaml')).toThrow(ConfigError);
  expect(load).toHaveBeenCalledOnce();
});

it('counts policies that were loaded, remembered and refused', () => {
  const counted = countCacheResults('policies');
  const loader = createPolicyLoader();
  for (const _ of [1, 2, 3]) loader(policyText([allow('a', 'true')]), 'policy.yaml');
  for (const _ of [1, 2]) expect(() => loader('version: 2', 'policy.yaml')).toThrow(ConfigError);
  expect(counted()).toEqual({ miss: 1, hit: 2, failed: 2 });
});
