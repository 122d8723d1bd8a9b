import { LRUCache } from 'lru-cache';

/** What a clock on the wall shows in one place. */
export interface LocalTime {
  /** 0 is Sunday. */
  weekday: number;
  minute_of_day: number;
}

interface Zone {
  format: Intl.DateTimeFormat;
  /** The minute since the epoch for which `offset_ms` was worked out. */
  minute: number;
  offset_ms: number;
}

/** A formatter takes some 30 KB, and a rule may take the zone's name from a claim. */
const MAX_ZONES = 64;
const zones = new LRUCache<string, Zone>({ max: MAX_ZONES });

/** True for the names of the IANA time zone database that this Node.js knows, in any case. */
export function isZone(name: string): boolean {
  return findZone(name) !== undefined;
}

/**
 * Reads the clock on the wall of a zone. It does not depend on the process's own zone.
 *
 * @param instant milliseconds since the Unix epoch
 * @returns undefined where there is no such zone
 */
export function localTime(zoneName: string, instant: number): LocalTime | undefined {
  const wall = wallClock(zoneName, instant);
  return (
    wall && {
      weekday: wall.getUTCDay(),
      minute_of_day: wall.getUTCHours() * 60 + wall.getUTCMinutes(),
    }
  );
}

/**
 * Reads the calendar on the wall of a zone.
 *
 * @returns the day as `2026-12-25`; undefined where there is no such zone
 */
export function localDate(zoneName: string, instant: number): string | undefined {
  return wallClock(zoneName, instant)?.toISOString().slice(0, -'T00:00:00.000Z'.length);
}

/** What the wall shows, as if it were UTC. */
function wallClock(zoneName: string, instant: number): Date | undefined {
  const zone = findZone(zoneName);
  return zone && new Date(instant + offsetAt(zone, instant));
}

/** Formatting takes 25 µs. No zone has changed its offset within a minute since the 1970s, so it is asked once a minute. */
function offsetAt(zone: Zone, instant: number): number {
  const minute = Math.floor(instant / 60_000);
  if (zone.minute !== minute) {
    zone.offset_ms = computeOffset(zone.format, minute * 60_000);
    zone.minute = minute;
  }
  return zone.offset_ms;
}

function computeOffset(format: Intl.DateTimeFormat, instant: number): number {
  const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, value]));
  const number = (type: Intl.DateTimeFormatPartTypes) => Number(parts.get(type));
  const wall = Date.UTC(
    number('year'),
    number('month') - 1,
    number('day'),
    number('hour'),
    number('minute'),
    number('second'),
  );
  return wall - instant;
}

function findZone(name: string): Zone | undefined {
  const known = zones.get(name);
  if (known !== undefined) return known;
  // Newer engines take `+01:00` for a zone; a fixed offset in a rule would be wrong half the year.
  if (!/^[A-Za-z]/.test(name)) return undefined;
  try {
    const zone = { format: createFormat(name), minute: Number.NaN, offset_ms: 0 };
    zones.set(name, zone);
    return zone;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function createFormat(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    calendar: 'gregory',
    numberingSystem: 'latn',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
}
