import { describe, expect, it } from 'vitest';
import { decide } from '../../src/policy/decide.ts';
import { isDate } from '../../src/policy/time/is-date.ts';
import { allow, policyOf, problemsOf, question } from './support.ts';

const holidays = { germany: ['2026-12-25', '2026-12-26'], usa: ['2026-11-26'] };

function outcomeAt(when: string, now: string): string {
  const policy = policyOf([allow('a', when)], { holidays });
  return decide(policy, question({ now: Date.parse(now) })).outcome;
}

describe('holidays', () => {
  it.each([
    ['2026-12-24T22:59:59Z', 'deny'],
    ['2026-12-24T23:00:00Z', 'allow'],
    ['2026-12-26T22:59:59Z', 'allow'],
    ['2026-12-26T23:00:00Z', 'deny'],
  ])('begin and end at midnight of their place: %s', (now, expected) => {
    expect(outcomeAt('now.date("Europe/Berlin") in holidays.germany', now)).toBe(expected);
  });

  it('can be read in brackets and be worked with like any list', () => {
    const when = 'holidays["usa"].exists(day, day == now.date("America/New_York"))';
    expect(outcomeAt(when, '2026-11-27T04:59:59Z')).toBe('allow');
    expect(outcomeAt(when, '2026-11-27T05:00:00Z')).toBe('deny');
  });

  it('may be read by roles', () => {
    const roles = { on_call: 'now.date("UTC") in holidays.germany' };
    const policy = policyOf([allow('a', 'has_role("on_call")')], { holidays, roles });
    const now = Date.parse('2026-12-25T12:00:00Z');
    expect(decide(policy, question({ now })).outcome).toBe('allow');
  });

  it.each([
    [
      'now.date("UTC") in holidays.germny',
      'holidays has no calendar "germny"; did you mean "germany"?',
    ],
    ['"x" in holidays["france"]', 'holidays has no calendar "france"'],
    ['"germany" in holidays', 'a calendar is read by its name, as in holidays.germany'],
    ['"x" in holidays[route]', 'the name of a calendar must be a string literal'],
    [
      'now.date("Europe/Berln") == ""',
      'unknown time zone "Europe/Berln"; did you mean "Europe/Berlin"?',
    ],
  ])('are known when the policy loads: %s', (when, problem) => {
    expect(problemsOf([allow('a', when)], { holidays })).toEqual([
      expect.stringContaining(`rules[0].when: ${problem}`),
    ]);
  });

  it('are unknown where there are none', () => {
    expect(problemsOf([allow('a', '"x" in holidays.germany')])).toHaveLength(1);
  });

  it.each([
    [{ germany: ['2026-02-29'] }, 'holidays.germany[0] must be a date, such as 2026-12-25'],
    [{ germany: ['25.12.2026'] }, 'holidays.germany[0] must be a date, such as 2026-12-25'],
    [{ germany: [20_261_225] }, 'holidays.germany[0] must be a string; put it in quotes'],
    [{ germany: '2026-12-25' }, 'holidays.germany must be a list'],
    [{ 'north-rhine': [] }, 'holidays: the key "north-rhine" must be of letters, digits and _'],
    [{ g: Array(501).fill('2026-12-25') }, 'holidays.g must have at most 500 entries'],
    [
      Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`c${index}`, []])),
      'a policy has at most 50 calendars',
    ],
  ])('are checked', (calendars, problem) => {
    expect(problemsOf([], { holidays: calendars })).toEqual([problem]);
  });
});

it.each([
  ['2024-02-29', true],
  ['2026-02-29', false],
  ['2026-13-01', false],
  ['2026-04-31', false],
  ['2026-4-1', false],
  ['2026-12-25T00:00:00Z', false],
  ['', false],
])('%j is a date: %s', (text, expected) => {
  expect(isDate(text)).toBe(expected);
});

describe('the clock of a zone, over the days on which it is moved', () => {
  it.each([
    // Spring in Berlin: 02:00 does not happen.
    ['Europe/Berlin', '2026-03-29T00:59:59Z', '2026-03-29', 1, 'Sun'],
    ['Europe/Berlin', '2026-03-29T01:00:00Z', '2026-03-29', 3, 'Sun'],
    // Autumn in Berlin: 02:00 happens twice.
    ['Europe/Berlin', '2026-10-25T00:30:00Z', '2026-10-25', 2, 'Sun'],
    ['Europe/Berlin', '2026-10-25T01:30:00Z', '2026-10-25', 2, 'Sun'],
    ['America/New_York', '2026-03-08T07:00:00Z', '2026-03-08', 3, 'Sun'],
    ['America/New_York', '2026-11-01T06:00:00Z', '2026-11-01', 1, 'Sun'],
    ['Australia/Lord_Howe', '2026-10-03T15:30:00Z', '2026-10-04', 2, 'Sun'],
    // In Santiago and Beirut the clock is moved at midnight: the day begins at 01:00, or its last hour comes twice.
    ['America/Santiago', '2026-09-06T03:59:59Z', '2026-09-05', 23, 'Sat'],
    ['America/Santiago', '2026-09-06T04:00:00Z', '2026-09-06', 1, 'Sun'],
    ['America/Santiago', '2026-04-05T02:59:59Z', '2026-04-04', 23, 'Sat'],
    ['America/Santiago', '2026-04-05T03:59:59Z', '2026-04-04', 23, 'Sat'],
    ['America/Santiago', '2026-04-05T04:00:00Z', '2026-04-05', 0, 'Sun'],
    // The day after 2011-12-29 was 2011-12-31 in Samoa.
    ['Pacific/Apia', '2011-12-30T09:59:59Z', '2011-12-29', 23, 'Thu'],
    ['Pacific/Apia', '2011-12-30T10:00:00Z', '2011-12-31', 0, 'Sat'],
  ])('%s at %s: %s, %i o’clock, %s', (zone, now, date, hour, weekday) => {
    const when = `now.date("${zone}") == "${date}" && now.hour("${zone}") == ${hour} && now.weekday("${zone}") == "${weekday}"`;
    expect(outcomeAt(when, now)).toBe('allow');
  });

  it.each([
    ['2026-03-29T00:30:00Z', 'allow'],
    ['2026-03-29T01:30:00Z', 'deny'],
    ['2026-10-25T00:30:00Z', 'allow'],
    ['2026-10-25T01:30:00Z', 'allow'],
    ['2026-10-25T02:00:00Z', 'deny'],
  ])('within Sun 01:30-03:00 in Berlin at %s: %s', (now, expected) => {
    expect(outcomeAt('now.within("Sun 01:30-03:00", "Europe/Berlin")', now)).toBe(expected);
  });
});
