import { Malfunction } from '../malfunction.ts';
import type { SharedEntry } from '../shared-state.ts';
import { isSharedKey } from './is-shared-key.ts';

export interface ChannelEntry {
  readonly channel: string;
  readonly entry: SharedEntry;
}

const MOST_CHARACTERS = 4_096;

/** A fixed word of the program's. */
const CHANNEL = /^[a-z0-9._-]{1,64}$/;

/**
 * @returns a copy
 * @throws Malfunction where it is none that an implementation could keep, which is the caller's mistake
 */
export function checkEntry(
  channel: string,
  { key, value, expires_at_ms }: SharedEntry,
): ChannelEntry {
  if (!CHANNEL.test(channel)) throw new Malfunction('an entry for what is no name of a channel');
  if (!isSharedKey(key)) throw new Malfunction('an entry whose key is longer than 256 characters');
  if (typeof value !== 'string' || value.length > MOST_CHARACTERS) {
    throw new Malfunction(`an entry whose value is longer than ${MOST_CHARACTERS} characters`);
  }
  if (!Number.isFinite(expires_at_ms)) throw new Malfunction('an entry that never expires');
  return { channel, entry: { key, value, expires_at_ms } };
}
