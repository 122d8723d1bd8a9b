import type { Identity } from '../../core/identity.ts';
import type { JsonValue } from '../../core/json.ts';
import { readClaim } from '../../core/read-claim.ts';

/**
 * A claim as requirements and headers may use it: as `readClaim` finds it, except that `email` is only what
 * `identity.email` vouches for. An address that the issuer has not verified must not open a door.
 */
export function claimValue(identity: Identity, name: string): JsonValue | undefined {
  return name === 'email' || name === '/email'
    ? (identity.email ?? undefined)
    : readClaim(identity.claims, name);
}
