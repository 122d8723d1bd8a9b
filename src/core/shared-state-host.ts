import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.ts';
import { createLocalSharedState } from './local-shared-state.ts';
import type { SharedState } from './shared-state.ts';

/** What a plugin server offers to the plugins that it runs. */
export interface SharedStateHost {
  state: SharedState;
  /** 32 random bytes that all its processes have in common, and nobody else has. */
  secret: Uint8Array;
}

/** Each plugin is bundled with a copy of this module, and so is the server that runs them: they meet here. */
const HOST = Symbol.for('kong-cloud-run-auth.shared-state');
const SECRET_BYTES = 32;

/** Plugins that are loaded afterwards find it. */
export function offerSharedState(offer: SharedStateHost): void {
  Object.assign(host(), offer);
}

/**
 * What the plugin server's processes share; where it offers nothing, what the plugins of this process share.
 *
 * @param clock for the latter, if it is not there yet
 */
export function hostSharedState(clock: Clock): SharedState {
  const found = host();
  found.state ??= createLocalSharedState({ clock });
  return found.state;
}

/** As with the state, the plugin server's, or else this process's own. Not to be logged or sent. */
export function hostSecret(): Uint8Array {
  const found = host();
  found.secret ??= randomBytes(SECRET_BYTES);
  return Uint8Array.from(found.secret);
}

function host(): Partial<SharedStateHost> {
  const shared = globalThis as { [HOST]?: Partial<SharedStateHost> };
  shared[HOST] ??= {};
  return shared[HOST];
}
