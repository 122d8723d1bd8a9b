import { spawnSync } from 'node:child_process';
import { build } from 'esbuild';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { BUNDLE } from '../../../scripts/build/build-program.ts';
import { isZone, localTime } from '../../../src/policy/time/zone.ts';

function wallClock(zone: string, instant: string): string {
  const time = localTime(zone, Date.parse(instant));
  if (time === undefined) throw new Error(`no zone ${zone}`);
  const { weekday, minute_of_day } = time;
  const two = (number: number) => String(number).padStart(2, '0');
  const clock = `${two(Math.floor(minute_of_day / 60))}:${two(minute_of_day % 60)}`;
  return `${['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][weekday]} ${clock}`;
}

describe('localTime', () => {
  it.each([
    // Central European Summer Time begins and ends at 01:00 UTC.
    ['Europe/Berlin', '2026-03-29T00:59:59.999Z', 'Sun 01:59'],
    ['Europe/Berlin', '2026-03-29T01:00:00Z', 'Sun 03:00'],
    ['Europe/Berlin', '2026-10-25T00:59:59.999Z', 'Sun 02:59'],
    ['Europe/Berlin', '2026-10-25T01:00:00Z', 'Sun 02:00'],
    ['Europe/Berlin', '2026-10-25T02:00:00Z', 'Sun 03:00'],
    // Eastern Daylight Time begins and ends at 02:00 local time.
    ['America/New_York', '2026-03-08T06:59:59.999Z', 'Sun 01:59'],
    ['America/New_York', '2026-03-08T07:00:00Z', 'Sun 03:00'],
    ['America/New_York', '2026-11-01T05:59:59.999Z', 'Sun 01:59'],
    ['America/New_York', '2026-11-01T06:00:00Z', 'Sun 01:00'],
    ['America/New_York', '2026-11-01T07:00:00Z', 'Sun 02:00'],
    // Lord Howe Island moves its clocks by half an hour.
    ['Australia/Lord_Howe', '2026-04-04T14:59:59.999Z', 'Sun 01:59'],
    ['Australia/Lord_Howe', '2026-04-04T15:00:00Z', 'Sun 01:30'],
    ['Australia/Lord_Howe', '2026-10-03T15:29:59.999Z', 'Sun 01:59'],
    ['Australia/Lord_Howe', '2026-10-03T15:30:00Z', 'Sun 02:30'],
    ['UTC', '2026-11-22T00:00:00Z', 'Sun 00:00'],
    ['Asia/Kathmandu', '2026-11-21T18:15:00Z', 'Sun 00:00'],
    ['Pacific/Kiritimati', '2026-11-21T10:00:00Z', 'Sun 00:00'],
    ['europe/berlin', '2026-11-22T00:00:00Z', 'Sun 01:00'],
    ['Europe/Berlin', '1969-12-31T23:30:00Z', 'Thu 00:30'],
  ])('shows in %s at %s: %s', (zone, instant, expected) => {
    expect(wallClock(zone, instant)).toBe(expected);
  });

  it('says the same as Intl at any minute of the last decades, in any order', () => {
    const zones = fc.constantFrom(
      ...Intl.supportedValuesOf('timeZone').slice(0, 80),
      'Europe/Berlin',
    );
    const instants = fc.integer({ min: Date.UTC(1980, 0), max: Date.UTC(2037, 0) });
    fc.assert(
      fc.property(zones, instants, (zone, instant) => {
        const format = new Intl.DateTimeFormat('en-US', {
          timeZone: zone,
          weekday: 'short',
          hour: '2-digit',
          minute: '2-digit',
          hourCycle: 'h23',
        });
        const shown = format.format(instant).replace(',', '');
        expect(wallClock(zone, new Date(instant).toISOString())).toBe(shown);
      }),
      { numRuns: 200 },
    );
  });

  it.each(['', 'Europe/Berln', 'Europe/Berlin ', '+01:00', '-05', 'Mars/Olympus', '__proto__'])(
    'knows no zone %j',
    (zone) => {
      expect(isZone(zone)).toBe(false);
      expect(localTime(zone, 0)).toBeUndefined();
    },
  );

  describe('does not depend on the process', () => {
    let program: string;

    beforeAll(async () => {
      const contents = `
        import { localTime } from './src/policy/time/zone.ts';
        import { loadPolicy } from './src/policy/load-policy.ts';
        import { runPolicyTests } from './src/policy/run-policy-tests.ts';
        const policy = loadPolicy(JSON.stringify({
          version: 1,
          rules: [{ name: 'a', effect: 'allow', when: \`now.within("Sun 03:00-03:01", "Europe/Berlin")
            && now.getHours() == 1 && now.hour("America/New_York") == 21
            && now < timestamp("2026-03-29T03:00:00.001+02:00")\` }],
          tests: [{ name: 't', given: { now: '2026-03-29T01:00:00Z' }, expect: 'allow' }],
        }), 'policy.yaml');
        const [result] = runPolicyTests(policy);
        const time = localTime('Europe/Berlin', Date.parse('2026-03-29T01:00:00Z'));
        console.log(JSON.stringify([new Date(0).getTimezoneOffset(), time, result.passed]));
      `;
      const resolveDir = new URL('../../..', import.meta.url).pathname;
      const { outputFiles } = await build({
        ...BUNDLE,
        stdin: { contents, resolveDir },
        write: false,
      });
      program = outputFiles[0]?.text ?? '';
    });

    it.each([
      ['Pacific/Honolulu', 600],
      ['Europe/Berlin', -60],
      ['Asia/Tokyo', -540],
    ])('running in %s', (processZone, offset) => {
      const { stdout, stderr } = spawnSync(process.execPath, ['-'], {
        env: { ...process.env, TZ: processZone },
        encoding: 'utf8',
        input: program,
        timeout: 15_000,
      });
      const expected = [offset, { weekday: 0, minute_of_day: 180 }, true];
      expect(stdout === '' ? stderr : JSON.parse(stdout)).toEqual(expected);
    });
  });
});
