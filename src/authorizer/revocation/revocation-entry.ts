import { hash } from 'node:crypto';
import type { SharedEntry } from '../../core/shared-state.ts';
import { type Revocation, revocationFields } from './revocation.ts';

/**
 * Writes a revocation for the shared state. The key covers the cutoff as well, and the hour of its expiry: an event
 * that arrives late must not take the place of a later one about the same subject, nor one that is kept for a shorter
 * time that of a longer.
 */
export function toEntry(revocation: Revocation, expires_at_ms: number): SharedEntry {
  const value = JSON.stringify(revocation);
  const hour = Math.ceil(expires_at_ms / 3_600_000);
  return { key: hash('sha256', `${value} ${hour}`, 'base64url'), value, expires_at_ms };
}

/** @returns null where the entry is none that `toEntry` has written */
export function fromEntry({ value }: SharedEntry): Revocation | null {
  try {
    return revocationFields.parse(JSON.parse(value));
  } catch {
    return null;
  }
}
