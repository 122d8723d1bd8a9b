import { parseTimestamp } from '../../time/timestamp.ts';
import { isWithin, parseWeeklyHours, WEEKDAYS } from '../../time/weekly-hours.ts';
import type { ASTNode } from '../library.ts';
import { type Known, literalText } from './known.ts';
import { dateIn, timeIn } from './local-clock.ts';

/** `now.within("Mon-Fri 09:00-17:00", "Europe/Berlin")` */
export function knownWithin(node: ASTNode): Known<boolean> | null {
  const [text, zone, ...more] = argumentsOfNow(node, 'within') ?? [];
  if (text === undefined || zone === undefined || more.length > 0) return null;
  const hours = parseWeeklyHours(text);
  if ('problem' in hours) return null;
  return ({ now }) => {
    const time = timeIn(zone, now.getTime());
    return time && isWithin(hours, time);
  };
}

/** `now.weekday("Europe/Berlin")` and `now.date("Europe/Berlin")` */
export function knownDay(node: ASTNode): Known<string> | null {
  const [ofDate, more] = argumentsOfNow(node, 'date') ?? [];
  if (ofDate !== undefined && more === undefined) {
    return ({ now }) => dateIn(ofDate, now.getTime());
  }
  const [ofWeekday, others] = argumentsOfNow(node, 'weekday') ?? [];
  if (ofWeekday === undefined || others !== undefined) return null;
  return ({ now }) => {
    const time = timeIn(ofWeekday, now.getTime());
    return time && WEEKDAYS[time.weekday];
  };
}

export interface KnownNumber {
  /** Only numbers of one unit compare. Instants are milliseconds since the Unix epoch. */
  unit: 'integer' | 'instant';
  of: Known<number>;
}

/** `now.hour("Europe/Berlin")`, an integer, `now` or `timestamp("2026-12-31T00:00:00Z")` */
export function knownNumber(node: ASTNode): KnownNumber | null {
  if (node.op === 'value') return integer(node.args);
  if (node.op === 'id') {
    return node.args === 'now' ? { unit: 'instant', of: ({ now }) => now.getTime() } : null;
  }
  const instant = literalInstant(node);
  if (instant !== null) return { unit: 'instant', of: () => instant };
  const [zone, ...more] = argumentsOfNow(node, 'hour') ?? [];
  if (zone === undefined || more.length > 0) return null;
  const hour: Known<number> = ({ now }) => {
    const time = timeIn(zone, now.getTime());
    return time && Math.floor(time.minute_of_day / 60);
  };
  return { unit: 'integer', of: hour };
}

function integer(value: unknown): KnownNumber | null {
  if (typeof value !== 'bigint') return null;
  const number = Number(value);
  return Number.isSafeInteger(number) ? { unit: 'integer', of: () => number } : null;
}

/** CEL's begin with the year 1. */
function literalInstant(node: ASTNode): number | null {
  if (node.op !== 'call' || node.args[0] !== 'timestamp' || node.args[1].length !== 1) return null;
  const text = literalText(node.args[1][0]);
  const instant = text === null ? null : parseTimestamp(text);
  return instant === null || instant < YEAR_1 || instant > END_OF_YEAR_9999 ? null : instant;
}

const YEAR_1 = -62_135_596_800_000;
const END_OF_YEAR_9999 = 253_402_300_799_999;

/** The literals that a method of `now` is called with, where they are nothing else. */
function argumentsOfNow(node: ASTNode, method: string): readonly string[] | null {
  if (node.op !== 'rcall' || node.args[0] !== method) return null;
  const [, receiver, parameters] = node.args;
  if (receiver.op !== 'id' || receiver.args !== 'now') return null;
  const texts = parameters.map(literalText);
  return texts.every((text) => text !== null) ? texts : null;
}
