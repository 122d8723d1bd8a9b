import type { Clock } from '../../core/clock.ts';
import { type JsonObject, ownMember } from '../../core/json.ts';
import type { SharedEntry } from '../../core/shared-state.ts';
import { scalarText } from '../identity/scalar-text.ts';
import { foldEmail } from './fold-email.ts';
import type { MatchedClaim, Revocation } from './revocation.ts';
import { fromEntry } from './revocation-entry.ts';

/** Which revocations are in force, for the whole process. */
export interface RevocationBook {
  /**
   * Takes in an entry of the channel `revocations`.
   *
   * @returns false where it is not a revocation, or where there is no room for it: then all tokens issued up to its
   *   cutoff are refused, whoever they are about. Either is worth an error in the log
   */
  apply(entry: SharedEntry): boolean;
  /** Whether a verified token must be refused. */
  isRevoked(claims: JsonObject, issuer: string): boolean;
  /** Another number whenever something is revoked that was not before, or for longer. */
  readonly generation: number;
  /** True where no further event may be accepted. */
  readonly isFull: boolean;
}

interface Held {
  readonly issued_until_seconds: number;
  readonly expires_at_ms: number;
}

type HeldByValue = Map<string, Held>;

/**
 * Revocations of one issuer's tokens by the same claim, or by the same two that narrow each other. Of two a token may lack
 * one: whether it is meant cannot be told then, so the other one decides.
 */
interface Index {
  readonly first: MatchedClaim;
  readonly second: MatchedClaim | null;
  readonly byFirst: HeldByValue;
  readonly bySecond: HeldByValue;
  readonly byBoth: HeldByValue;
}

const MOST_ENTRIES = 100_000;
const SWEEP_INTERVAL_MS = 1000;
/** How long what has expired is kept: a clock that jumped ahead may be set back, and nothing is heard of twice. */
const KEPT_MS = 24 * 60 * 60 * 1000;

/**
 * @param most_entries from this many on it is full; events that other gateways accept at the same moment still find
 *   room, in a tenth more
 */
export function createRevocationBook({
  clock,
  most_entries = MOST_ENTRIES,
}: {
  clock: Clock;
  most_entries?: number;
}): RevocationBook {
  const indexesOf = new Map<string, readonly Index[]>();
  let size = 0;
  let generation = 0;
  let sweepAt = Math.min(1000, most_entries);
  let swept_at_ms = Number.NEGATIVE_INFINITY;
  /** For revocations that found no room. */
  let everyToken: Held | undefined;

  function indexFor(issuer: string, first: MatchedClaim, second: MatchedClaim | null): Index {
    const indexes = indexesOf.get(issuer) ?? [];
    const known = indexes.find((index) => index.first === first && index.second === second);
    if (known !== undefined) return known;
    const maps = { byFirst: new Map(), bySecond: new Map(), byBoth: new Map() };
    const index: Index = { first, second, ...maps };
    indexesOf.set(issuer, [...indexes, index]);
    return index;
  }

  function hold(held: HeldByValue, value: string, entry: Held): void {
    const known = held.get(value);
    const merged = merge(known, entry);
    if (known === undefined) size += 1;
    if (merged !== known) generation += 1;
    held.set(value, merged);
  }

  /** Goes through everything, so it waits until the book has doubled, and a while where that did not help. */
  function sweep(): void {
    const now = clock();
    if (size < sweepAt || Math.abs(now - swept_at_ms) < SWEEP_INTERVAL_MS) return;
    swept_at_ms = now;
    const kept_ms = size < most_entries ? KEPT_MS : 0;
    for (const [issuer, indexes] of indexesOf) {
      for (const index of indexes) {
        for (const held of mapsOf(index)) {
          for (const [value, { expires_at_ms }] of held) {
            if (expires_at_ms + kept_ms <= now && held.delete(value)) size -= 1;
          }
        }
      }
      const filled = indexes.filter((index) => mapsOf(index).some((held) => held.size > 0));
      if (filled.length > 0) indexesOf.set(issuer, filled);
      else indexesOf.delete(issuer);
    }
    sweepAt = Math.min(Math.max(1000, 2 * size), most_entries);
  }

  function covers({ issued_until_seconds, expires_at_ms }: Held, claims: JsonObject): boolean {
    const iat = ownMember(claims, 'iat');
    const isLater = typeof iat === 'number' && Number.isFinite(iat) && iat > issued_until_seconds;
    return !isLater && expires_at_ms > clock();
  }

  return {
    apply(entry) {
      const revocation = fromEntry(entry);
      if (revocation === null) return false;
      if (entry.expires_at_ms <= clock()) return true;
      sweep();
      const { issuer, issued_until_seconds } = revocation;
      const { expires_at_ms } = entry;
      const held = { issued_until_seconds, expires_at_ms };
      const places = placesOf(revocation, (...claims) => indexFor(issuer, ...claims));
      const isNew = places.some(([map, value]) => !map.has(value));
      if (isNew && size >= most_entries + most_entries / 10) {
        const before = everyToken;
        everyToken = merge(before, held);
        if (everyToken !== before) generation += 1;
        return false;
      }
      for (const [map, value] of places) hold(map, value, held);
      return true;
    },
    isRevoked(claims, issuer) {
      if (everyToken !== undefined && covers(everyToken, claims)) return true;
      if (size === 0) return false;
      for (const index of indexesOf.get(issuer) ?? []) {
        const held = find(index, claims);
        if (held !== undefined && covers(held, claims)) return true;
      }
      return false;
    },
    get generation() {
      return generation;
    },
    get isFull() {
      if (size >= most_entries) sweep();
      return size >= most_entries;
    },
  };
}

/** A later cutoff wins; an earlier one never lowers it. */
function merge(known: Held | undefined, entry: Held): Held {
  if (known === undefined) return entry;
  const issued_until_seconds = Math.max(known.issued_until_seconds, entry.issued_until_seconds);
  const expires_at_ms = Math.max(known.expires_at_ms, entry.expires_at_ms);
  const isKnown =
    issued_until_seconds === known.issued_until_seconds && expires_at_ms === known.expires_at_ms;
  return isKnown ? known : { issued_until_seconds, expires_at_ms };
}

function placesOf(
  { match: [one, other] }: Revocation,
  indexFor: (first: MatchedClaim, second: MatchedClaim | null) => Index,
): [HeldByValue, string][] {
  const { byFirst, bySecond, byBoth } = indexFor(one.claim, other?.claim ?? null);
  const a = fold(one.claim, one.value);
  if (other === undefined) return [[byFirst, a]];
  const b = fold(other.claim, other.value);
  return [
    [byFirst, a],
    [bySecond, b],
    [byBoth, pairOf(a, b)],
  ];
}

function find({ first, second, byFirst, bySecond, byBoth }: Index, claims: JsonObject) {
  const a = textOf(claims, first);
  const b = second === null ? null : textOf(claims, second);
  if (b === null) return a === null ? undefined : byFirst.get(a);
  if (a === null) return bySecond.get(b);
  // The cheaper question first: whoever is in a pair is here as well.
  return byFirst.has(a) ? byBoth.get(pairOf(a, b)) : undefined;
}

/** An empty claim identifies as little as none. */
function textOf(claims: JsonObject, claim: MatchedClaim): string | null {
  const text = scalarText(ownMember(claims, claim));
  return text === null || text === '' ? null : fold(claim, text);
}

function fold(claim: MatchedClaim, value: string): string {
  return claim === 'email' ? foldEmail(value) : value;
}

/** With the length in front, no character of one value can pass for the end of it. */
function pairOf(a: string, b: string): string {
  return `${a.length}:${a}${b}`;
}

function mapsOf({ byFirst, bySecond, byBoth }: Index): HeldByValue[] {
  return [byFirst, bySecond, byBoth];
}
