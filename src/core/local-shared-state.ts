import type { Clock } from './clock.ts';
import { ChannelTable } from './shared-state/channel-table.ts';
import { ClaimTable } from './shared-state/claim-table.ts';
import type { SharedState } from './shared-state.ts';

/** State that nobody outside of this process shares, and that ends with it. */
export function createLocalSharedState({
  clock,
  most = {},
}: {
  clock: Clock;
  /** How many are kept that have not expired: of claims 500,000, of entries 100,000 unless told otherwise. */
  most?: { claims?: number; entries?: number };
}): SharedState {
  const claims = new ClaimTable({ clock, most: most.claims });
  const channels = new ChannelTable({ clock, most: most.entries });
  channels.complete();
  return {
    claim: async (key, ttl_ms) => claims.claim(key, ttl_ms),
    publish: async (channel, entry) => {
      channels.publish(channel, entry);
    },
    subscribe: (channel, onEntry) => channels.subscribe(channel, onEntry),
  };
}
