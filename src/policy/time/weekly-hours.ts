import type { LocalTime } from './zone.ts';

export const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;

/** Minutes since local midnight; `start` is inside, `end` outside. An `end` below `start` lies on the next day. */
interface Window {
  start: number;
  end: number;
}

/** Days of the week and hours of the day, as in `Mon-Fri 09:00-17:00`. */
export interface WeeklyHours {
  /** By weekday, 0 is Sunday. */
  days: readonly boolean[];
  windows: readonly Window[];
}

const DAY = 24 * 60;

/**
 * Reads `DAYS WINDOW…`: days as a list of names and ranges (`Mon-Fri`, `Mon,Wed`, `Sat-Mon` over the weekend, `*` for
 * each), then one or several windows (`09:00-12:00,13:00-17:00`; `24:00` may be an end). A window that ends before it
 * starts runs over midnight and belongs to the day it starts on.
 *
 * @returns what is wrong with the text, where something is
 */
export function parseWeeklyHours(text: string): WeeklyHours | { problem: string } {
  const [daysText, ...rest] = text
    .replace(/\s*,\s*/g, ',')
    .trim()
    .split(/\s+/);
  if (daysText === undefined || rest.length === 0) {
    return { problem: 'expected days and hours, as in "Mon-Fri 09:00-17:00"' };
  }
  const days = new Array<boolean>(7).fill(false);
  for (const part of daysText.split(',')) {
    const problem = addDays(days, part);
    if (problem !== undefined) return { problem };
  }
  const windows: Window[] = [];
  for (const part of rest.join(',').split(',')) {
    const window = parseWindow(part);
    if ('problem' in window) return window;
    windows.push(window);
  }
  return { days, windows };
}

function addDays(days: boolean[], part: string): string | undefined {
  if (part === '*') {
    days.fill(true);
    return undefined;
  }
  const [first = '', last = first, ...more] = part.split('-');
  const [from, to] = [dayIndex(first), dayIndex(last)];
  if (from === -1 || to === -1 || more.length > 0) {
    return `"${part}" is not a day (Mon Tue Wed Thu Fri Sat Sun), a range of days or *`;
  }
  for (let day = from; ; day = (day + 1) % 7) {
    days[day] = true;
    if (day === to) return undefined;
  }
}

function dayIndex(name: string): number {
  return WEEKDAYS.findIndex((day) => day.toLowerCase() === name.toLowerCase());
}

function parseWindow(part: string): Window | { problem: string } {
  const match = /^(\d{2}):(\d{2})-(\d{2}):(\d{2})$/.exec(part);
  if (match === null) return { problem: `"${part}" is not of the form HH:MM-HH:MM` };
  const [startHour, startMinute, endHour, endMinute] = match.slice(1).map(Number) as Four;
  const [start, end] = [startHour * 60 + startMinute, endHour * 60 + endMinute];
  if (startMinute > 59 || endMinute > 59 || start >= DAY || end > DAY) {
    return { problem: `"${part}" holds a time that no clock shows` };
  }
  if (start === end) return { problem: `"${part}" is empty; a whole day is 00:00-24:00` };
  return { start, end };
}

type Four = [number, number, number, number];

export function isWithin({ days, windows }: WeeklyHours, { weekday, minute_of_day }: LocalTime) {
  const today = days[weekday] === true;
  const yesterday = days[(weekday + 6) % 7] === true;
  return windows.some(({ start, end }) =>
    start < end
      ? today && start <= minute_of_day && minute_of_day < end
      : (today && start <= minute_of_day) || (yesterday && minute_of_day < end),
  );
}
