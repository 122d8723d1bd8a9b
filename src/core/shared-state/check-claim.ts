import { Malfunction } from '../malfunction.ts';
import { isSharedKey } from './is-shared-key.ts';

/** @throws Malfunction where it is none that an implementation could keep, which is the caller's mistake */
export function checkClaim(key: string, ttl_ms: number): void {
  if (!isSharedKey(key)) throw new Malfunction('a claim whose key is longer than 256 characters');
  // Never in force, it would let the value be used twice.
  if (!(ttl_ms > 0 && Number.isFinite(ttl_ms))) {
    throw new Malfunction('a claim must last for a positive and finite time');
  }
}
