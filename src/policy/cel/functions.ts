import { LRUCache } from 'lru-cache';
import { LIMITS } from '../limits.ts';
import { parseTimestamp } from '../time/timestamp.ts';
import { isWithin, parseWeeklyHours, WEEKDAYS, type WeeklyHours } from '../time/weekly-hours.ts';
import { type LocalTime, localDate, localTime } from '../time/zone.ts';
import { chargeText } from './charge-text.ts';
import { FunctionError } from './function-error.ts';
import { spend } from './meter.ts';
import { compilePattern } from './regular-expression.ts';

/** A function of ours. Given a receiver type it is a method; its first argument is then the receiver. */
export interface PolicyFunction {
  name: string;
  receiver?: string;
  parameters: readonly string[];
  returns: string;
  run: (...values: never[]) => unknown;
  /** The CEL library has a function of this name and shape, which must never run. */
  replaces?: true;
}

/** Steps for what is slow where a rule takes hours or zones from claims, which no cache has met before. */
const UNKNOWN = 100;

const TIMESTAMP = 'google.protobuf.Timestamp';

export const FUNCTIONS: readonly PolicyFunction[] = [
  { name: 'matches', parameters: ['string', 'string'], returns: 'bool', run: matches },
  {
    name: 'matches',
    receiver: 'string',
    parameters: ['string'],
    returns: 'bool',
    run: matches,
    replaces: true,
  },
  {
    name: 'split',
    receiver: 'string',
    parameters: ['string'],
    returns: 'list<string>',
    run: split,
    replaces: true,
  },
  {
    name: 'join',
    receiver: 'list<string>',
    parameters: [],
    returns: 'string',
    run: (parts: unknown[]) => join(parts, ''),
    replaces: true,
  },
  {
    name: 'join',
    receiver: 'list<string>',
    parameters: ['string'],
    returns: 'string',
    run: join,
    replaces: true,
  },
  {
    name: 'lowerAscii',
    receiver: 'string',
    parameters: [],
    returns: 'string',
    run: (text: string) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()),
    replaces: true,
  },
  {
    name: 'upperAscii',
    receiver: 'string',
    parameters: [],
    returns: 'string',
    run: (text: string) => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase()),
    replaces: true,
  },
  {
    name: 'timestamp',
    parameters: ['string'],
    returns: TIMESTAMP,
    run: timestamp,
    replaces: true,
  },
  {
    name: 'timestamp',
    parameters: ['int'],
    returns: TIMESTAMP,
    run: (seconds: bigint) => toDate(Number(seconds) * 1000),
    replaces: true,
  },
  ...(['int', 'double', TIMESTAMP] as const).map(
    (from): PolicyFunction => ({
      name: 'int',
      parameters: [from],
      returns: 'int',
      run: toInt,
      replaces: true,
    }),
  ),
  { name: 'int', parameters: ['string'], returns: 'int', run: parseInteger, replaces: true },
  ...(['int', 'double'] as const).map(
    (from): PolicyFunction => ({
      name: 'double',
      parameters: [from],
      returns: 'double',
      run: (number: bigint | number) => Number(number),
      replaces: true,
    }),
  ),
  { name: 'double', parameters: ['string'], returns: 'double', run: parseDouble, replaces: true },
  {
    name: 'within',
    receiver: TIMESTAMP,
    parameters: ['string', 'string'],
    returns: 'bool',
    run: within,
  },
  {
    name: 'date',
    receiver: TIMESTAMP,
    parameters: ['string'],
    returns: 'string',
    run: (instant: Date, zone: string) => inZone(localDate, instant, zone),
  },
  {
    name: 'hour',
    receiver: TIMESTAMP,
    parameters: ['string'],
    returns: 'int',
    run: (instant: Date, zone: string) =>
      BigInt(Math.floor(wallClock(instant, zone).minute_of_day / 60)),
  },
  {
    name: 'weekday',
    receiver: TIMESTAMP,
    parameters: ['string'],
    returns: 'string',
    run: (instant: Date, zone: string) => WEEKDAYS[wallClock(instant, zone).weekday],
  },
];

/** As in CEL, a pattern matches anywhere in the text unless it is anchored. */
const MOST_INT = 2n ** 63n;

function toInt(value: bigint | number | Date): bigint {
  if (typeof value === 'bigint') return value;
  const number = value instanceof Date ? value.getTime() / 1000 : value;
  // NaN and infinity are no numbers that could be cut off.
  if (!Number.isFinite(number)) throw new FunctionError('not a number that an int can hold');
  return inRange(BigInt(value instanceof Date ? Math.floor(number) : Math.trunc(number)));
}

/** The library's own takes an empty text for 0, and a claim that is empty for a number. */
function parseInteger(text: string): bigint {
  if (!/^-?\d{1,19}$/.test(text)) throw new FunctionError('a text that is no whole number');
  return inRange(BigInt(text));
}

function inRange(number: bigint): bigint {
  if (number >= -MOST_INT && number < MOST_INT) return number;
  throw new FunctionError('a whole number beyond 64 bits');
}

function parseDouble(text: string): number {
  if (!/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) {
    throw new FunctionError('a text that is no number');
  }
  return Number(text);
}

function matches(text: string, pattern: string): boolean {
  const compiled = compilePattern(pattern);
  if ('problem' in compiled) throw new FunctionError('the pattern is not a regular expression');
  // The matcher looks at each character with as many of the pattern's instructions as may apply to it.
  spend((text.length * (16 + compiled.programSize())) / 64);
  return compiled.test(text);
}

/** The CEL library tells lists by their first element. */
function join(parts: readonly unknown[], separator: string): string {
  let characters = 0;
  for (const part of parts) {
    if (typeof part !== 'string') throw new FunctionError('join takes a list of strings');
    characters += part.length + separator.length;
  }
  chargeText(characters);
  return parts.join(separator);
}

function split(text: string, separator: string): string[] {
  const parts = text.split(separator, LIMITS.split_parts + 1);
  if (parts.length > LIMITS.split_parts) {
    throw new FunctionError(`split yields at most ${LIMITS.split_parts} parts`);
  }
  return parts;
}

function timestamp(text: string): Date {
  return toDate(parseTimestamp(text) ?? Number.NaN);
}

/** The range that the CEL specification gives timestamps: the years 1 to 9999. */
function toDate(instant: number): Date {
  if (instant >= -62_135_596_800_000 && instant <= 253_402_300_799_999) return new Date(instant);
  throw new FunctionError('timestamp takes an RFC 3339 date-time or seconds since 1970');
}

const hours = new LRUCache<string, WeeklyHours>({ max: 256 });

function within(instant: Date, spec: string, zone: string): boolean {
  let parsed = hours.get(spec);
  if (parsed === undefined) {
    spend(UNKNOWN);
    const result = parseWeeklyHours(spec);
    if ('problem' in result) throw new FunctionError('within takes days and hours');
    parsed = result;
    hours.set(spec, parsed);
  }
  return isWithin(parsed, wallClock(instant, zone));
}

function wallClock(instant: Date, zone: string): LocalTime {
  return inZone(localTime, instant, zone);
}

function inZone<T>(
  read: (zone: string, instant: number) => T | undefined,
  instant: Date,
  zone: string,
): T {
  spend(UNKNOWN);
  const time = read(zone, instant.getTime());
  if (time !== undefined) return time;
  spend(10 * UNKNOWN);
  throw new FunctionError('there is no such time zone');
}
