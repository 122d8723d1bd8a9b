import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { countCacheResult } from '../core/cache-counters.ts';
import { loadPolicy } from './load-policy.ts';
import type { Policy } from './policy.ts';

type Loaded = { policy: Policy } | { error: unknown };

/** Beyond any number of policies in use; a policy that falls out is loaded again. */
const MAX_POLICIES = 100;

/**
 * A `loadPolicy` that remembers, for the whole process. Kong starts an instance for each worker and route, and a large
 * policy takes a second and tens of megabytes to load; a faulty one takes as long to refuse.
 */
export function createPolicyLoader(load = loadPolicy): typeof loadPolicy {
  const known = new LRUCache<string, Loaded>({ max: MAX_POLICIES });
  return (text, fileName) => {
    const key = `${createHash('sha256').update(text).digest('hex')} ${fileName}`;
    const remembered = known.get(key);
    const loaded = remembered ?? attempt(() => load(text, fileName));
    known.set(key, loaded);
    const result = remembered === undefined ? 'miss' : 'hit';
    countCacheResult('policies', 'error' in loaded ? 'failed' : result);
    if ('error' in loaded) throw loaded.error;
    return loaded.policy;
  };
}

function attempt(load: () => Policy): Loaded {
  try {
    return { policy: load() };
  } catch (error) {
    return { error };
  }
}
