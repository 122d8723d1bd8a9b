import { type LocalTime, localDate, localTime } from '../../time/zone.ts';

/** A zone not met before takes long, and a policy can spell one in many ways. */
const MAX_ZONES = 32;

/** What the clocks on the wall show at one instant, by zone: all rules of a decision ask for the same. */
const times = new Map<string, LocalTime | undefined>();
const dates = new Map<string, string | undefined>();
let remembered = Number.NaN;

/** @returns undefined also beyond a few zones */
export function timeIn(zone: string, instant: number): LocalTime | undefined {
  return recall(times, localTime, zone, instant);
}

/** @returns undefined also beyond a few zones */
export function dateIn(zone: string, instant: number): string | undefined {
  return recall(dates, localDate, zone, instant);
}

function recall<T>(
  known: Map<string, T | undefined>,
  read: (zone: string, instant: number) => T | undefined,
  zone: string,
  instant: number,
): T | undefined {
  if (instant !== remembered) {
    times.clear();
    dates.clear();
    remembered = instant;
  }
  const value = known.get(zone);
  if (value !== undefined || known.size >= MAX_ZONES) return value;
  const found = read(zone, instant);
  known.set(zone, found);
  return found;
}
