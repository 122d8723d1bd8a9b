import type { Identity } from '../../core/identity.ts';
import type { RequiredClaim } from '../config.ts';
import { claimValue } from './claim-value.ts';
import { scalarText } from './scalar-text.ts';

/**
 * Finds the first requirement that the identity does not meet. A list meets it with any one of its elements.
 *
 * @returns the name of that claim, or null where all are met
 */
export function lacksClaim(identity: Identity, required: readonly RequiredClaim[]): string | null {
  const missing = required.find(({ claim, any_of }) => {
    const value = claimValue(identity, claim);
    const texts = (Array.isArray(value) ? value : [value]).map(scalarText);
    return !texts.some((text) => text !== null && any_of.includes(text));
  });
  return missing?.claim ?? null;
}
