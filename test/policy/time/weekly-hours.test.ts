import { describe, expect, it } from 'vitest';
import { isWithin, parseWeeklyHours } from '../../../src/policy/time/weekly-hours.ts';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** @param time as in `Mon 09:00` */
function within(spec: string, time: string): boolean {
  const hours = parseWeeklyHours(spec);
  if ('problem' in hours) throw new Error(hours.problem);
  const [day = '', clock = ''] = time.split(' ');
  const [hour = 0, minute = 0] = clock.split(':').map(Number);
  return isWithin(hours, { weekday: DAYS.indexOf(day), minute_of_day: hour * 60 + minute });
}

describe('weekly hours', () => {
  it.each([
    ['Mon-Fri 09:00-17:00', 'Mon 08:59', false],
    ['Mon-Fri 09:00-17:00', 'Mon 09:00', true],
    ['Mon-Fri 09:00-17:00', 'Fri 16:59', true],
    ['Mon-Fri 09:00-17:00', 'Fri 17:00', false],
    ['Mon-Fri 09:00-17:00', 'Sat 12:00', false],
    ['Mon,Wed 09:00-17:00', 'Tue 12:00', false],
    ['Mon, Wed 09:00-17:00', 'Wed 12:00', true],
    ['Mon-Tue,Fri 09:00-17:00', 'Fri 12:00', true],
    ['Sat-Mon 09:00-17:00', 'Sun 12:00', true],
    ['Sat-Mon 09:00-17:00', 'Tue 12:00', false],
    ['Tue-Mon 09:00-17:00', 'Thu 12:00', true],
    ['mon-fri 09:00-17:00', 'Thu 12:00', true],
    ['* 09:00-17:00', 'Sun 12:00', true],
    ['Mon 09:00-12:00,13:00-17:00', 'Mon 12:30', false],
    ['Mon 09:00-12:00 13:00-17:00', 'Mon 13:00', true],
    ['Mon 00:00-24:00', 'Mon 23:59', true],
    ['Mon 00:00-24:00', 'Tue 00:00', false],
    ['Fri 22:00-06:00', 'Fri 22:00', true],
    ['Fri 22:00-06:00', 'Sat 05:59', true],
    ['Fri 22:00-06:00', 'Sat 06:00', false],
    ['Fri 22:00-06:00', 'Fri 03:00', false],
    ['Sat 22:00-06:00', 'Sun 03:00', true],
    ['Fri 22:00-00:00', 'Fri 23:59', true],
    ['Fri 22:00-00:00', 'Sat 00:00', false],
  ])('%s at %s: %s', (spec, time, expected) => {
    expect(within(spec, time)).toBe(expected);
  });

  it.each([
    ['', 'expected days and hours'],
    ['Mon-Fri', 'expected days and hours'],
    ['Monday 09:00-17:00', '"Monday" is not a day'],
    ['Mon-Fri-Sun 09:00-17:00', '"Mon-Fri-Sun" is not a day'],
    ['Mon- 09:00-17:00', '"Mon-" is not a day'],
    [',Mon 09:00-17:00', '"" is not a day'],
    ['Mon 9:00-17:00', 'is not of the form HH:MM-HH:MM'],
    ['Mon 09:00-17:00,', 'is not of the form HH:MM-HH:MM'],
    ['Mon 09:00 - 17:00', 'is not of the form HH:MM-HH:MM'],
    ['Mon 09:60-17:00', 'no clock shows'],
    ['Mon 24:00-06:00', 'no clock shows'],
    ['Mon 09:00-24:01', 'no clock shows'],
    ['Mon 09:00-09:00', 'is empty'],
  ])('refuses %j', (spec, problem) => {
    expect(parseWeeklyHours(spec)).toEqual({ problem: expect.stringContaining(problem) });
  });
});
