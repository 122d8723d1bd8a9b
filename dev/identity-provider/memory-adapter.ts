import { LRUCache } from 'lru-cache';
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

/** Bounds the memory of an identity provider that is left running. */
const MAX_RECORDS = 20_000;

/**
 * Keeps what the identity provider must remember (sessions, codes, opaque tokens) in memory.
 *
 * Records never expire here: oidc-provider itself compares their `exp` with `Date.now()`, and so a
 * clock that is moved forward and back again finds the same tokens valid as before.
 */
export function createMemoryAdapter(): AdapterFactory {
  const records = new LRUCache<string, AdapterPayload>({ max: MAX_RECORDS });

  const findBy = (model: string, matches: (payload: AdapterPayload) => boolean) => {
    for (const [key, payload] of records.entries()) {
      if (key.startsWith(`${model}:`) && matches(payload)) {
        return payload;
      }
    }
    return undefined;
  };

  return (model): Adapter => ({
    upsert: async (id, payload) => {
      records.set(`${model}:${id}`, payload);
    },
    find: async (id) => records.get(`${model}:${id}`),
    findByUid: async (uid) => findBy(model, (payload) => payload.uid === uid),
    findByUserCode: async (userCode) => findBy(model, (payload) => payload.userCode === userCode),
    consume: async (id) => {
      const payload = records.get(`${model}:${id}`);
      if (payload !== undefined) {
        payload.consumed = Math.floor(Date.now() / 1000);
      }
    },
    destroy: async (id) => {
      records.delete(`${model}:${id}`);
    },
    revokeByGrantId: async (grantId) => {
      for (const [key, payload] of [...records.entries()]) {
        if (payload.grantId === grantId) {
          records.delete(key);
        }
      }
    },
  });
}
